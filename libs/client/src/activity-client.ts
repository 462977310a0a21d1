import { randomUUID } from 'node:crypto';
import { checkNamespaceName, checkLength, type Answer } from '@ratchet/domain';
import type { Log } from '@ratchet/kafka';
import {
  closeCluster,
  connectCluster,
  descriptionOf,
  durationMs,
  identityDefault,
  loadDataConverter,
  loadRequestMetrics,
  logOfConnection,
  openRequestChannel,
  requestRecords,
  requireNamespace,
  type CommandDraft,
  type ConnectionDescription,
  type DataConverter,
  type Duration,
} from '@ratchet/protocol';
import type { ActivityCalls } from './activity-calls.ts';
import { ActivityHandle } from './activity-handle.ts';
import { attemptTarget, type ActivityReference, type AttemptTarget } from './attempt-target.ts';
import { acceptedAnswer, resultOf, send, sendToRun, type ClientSession } from './client-session.ts';
import {
  ActivityCancelledError,
  ActivityPausedError,
  ActivityResetError,
  InvalidActivityOptionsError,
} from './errors.ts';
import { checkOptions, checkText, clientShape, signalShape } from './option-shapes.ts';
import { outgoingFailure, outgoingPayload, outgoingPayloads } from './outgoing-payloads.ts';
import { scheduleDraft } from './schedule-draft.ts';
import type { AnyStartOptions } from './start-activity-options.ts';

export interface ActivityClientOptions extends ConnectionDescription {
  /** Default: `default`. */
  readonly namespace?: string;
  /** Who asks; shown to people. Default: `<pid>@<host>`. */
  readonly identity?: string;
  /** Must agree with the workers'. */
  readonly dataConverter?: DataConverter;
  /** How long to wait for an answer; 30 s by default. */
  readonly requestTimeout?: Duration;
  /** Default: nowhere. */
  readonly log?: Log;
}

export interface SignalOptions {
  /**
   * A second signal with the same id is dropped, as long as it is among the run's latest hundred. Made up when left out;
   * give one of your own to what you may send twice.
   */
  readonly signalId?: string;
}

/**
 * Asks for activities, and completes those that were left open. One per process is enough.
 *
 * ```ts
 * const client = await ActivityClient.connect({ brokers: 'localhost:9092', registry: 'http://localhost:8081/apis/ccompat/v7' });
 * const receipt = await client.execute<typeof activities>('charge', {
 *   taskQueue: 'payments',
 *   args: ['4242', 1999],
 *   timeouts: { startToClose: '30s' },
 * });
 * ```
 */
export class ActivityClient {
  readonly namespace: string;
  readonly #session: ClientSession;
  readonly #disconnect: () => Promise<void>;

  private constructor(session: ClientSession, disconnect: () => Promise<void>) {
    this.namespace = session.namespace;
    this.#session = session;
    this.#disconnect = disconnect;
  }

  /**
   * @throws InvalidActivityOptionsError (rejects) when an option is wrong; OperationalError RKT1001 when no broker
   * answers, RKT1004 when the services were never started there, RKT1304 when nobody has registered the namespace;
   * SchemaRegistryError when the registry does not answer.
   */
  static async connect(options: ActivityClientOptions): Promise<ActivityClient> {
    checkOptions(clientShape, options);
    const { namespace = 'default', identity = identityDefault(), log } = options;
    const refusal = checkNamespaceName(namespace) ?? checkLength('identity', identity);
    if (refusal !== undefined) throw new InvalidActivityOptionsError(refusal.message, '');
    const requestTimeoutMs = durationMs(options.requestTimeout ?? '30s') ?? 0;

    const logging = log === undefined ? {} : { log: logOfConnection(log) };
    const clientId = `ratchet-client-${identity}`;
    const cluster = await connectCluster({
      ...descriptionOf(options),
      clientId,
      createTopics: false,
      records: requestRecords,
      ...logging,
    });
    try {
      await requireNamespace(cluster, namespace);
      const metrics = await loadRequestMetrics('@ratchet/client');
      const { channel, close } = await openRequestChannel(cluster, { requestTimeoutMs, metrics });
      const session = { channel, namespace, identity, converter: loadDataConverter(options.dataConverter) };
      return new ActivityClient(session, () => closeCluster(cluster, [close]));
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /**
   * Starts an activity and waits for its result.
   *
   * @returns the activity's result.
   * @throws ActivityFailedError (rejects) when it ends otherwise; else as `start`.
   */
  readonly execute: ActivityCalls<'execute'> = async (
    activityType: string,
    options: AnyStartOptions,
  ): Promise<never> => {
    const draft = await scheduleDraft(activityType, options, this.#session);
    const reply = await this.#session.channel.requestOutcome(draft);
    // What it is, the caller's types know.
    return (await resultOf(this.#session, reply, draft.target)) as never;
  };

  /**
   * Starts an activity. Resolves once it is accepted, that is, certain to come to exactly one end.
   *
   * @throws InvalidActivityOptionsError (rejects) when something is wrong with the options; nothing was sent then.
   * @throws ActivityAlreadyStartedError when the id is in use and the policies say no.
   * @throws OperationalError RKT1201 when no answer came in time; the same `requestId` may then be used again.
   */
  readonly start: ActivityCalls<'start'> = async (
    activityType: string,
    options: AnyStartOptions,
  ): Promise<ActivityHandle<never>> => {
    const draft = await scheduleDraft(activityType, options, this.#session);
    const answer = acceptedAnswer(await this.#session.channel.requestApart(draft), draft.target);
    const runId = answer.type === 'Scheduled' ? answer.runId : draft.target.runId;
    return new ActivityHandle(this.#session, draft.target.activityId, runId);
  };

  /**
   * A handle to an activity that someone started.
   *
   * @param runId default: whichever run of the id is the latest when something is asked.
   * @throws InvalidActivityOptionsError when an id is no string.
   */
  getHandle<Result = unknown>(activityId: string, runId?: string): ActivityHandle<Result> {
    checkText('activityId', activityId);
    if (runId !== undefined) checkText('runId', runId);
    return new ActivityHandle(this.#session, activityId, runId);
  }

  /**
   * Completes an activity from outside its worker. By ids it may even be one that no attempt runs of.
   *
   * @throws ActivityNotFoundError (rejects) when the attempt is over or the activity closed; TaskTokenError when the
   * token cannot be read; InvalidActivityOptionsError when the result cannot be sent.
   */
  async complete(activity: ActivityReference, result?: unknown): Promise<void> {
    const attempt = this.#attempt(activity);
    const payloads = await outgoingPayload('result', result, this.#session.converter);
    await this.#report({ type: 'Complete', ...attempt, result: payloads });
  }

  /** Fails the attempt; the retry policy says whether there is another. @throws as `complete`. */
  async fail(activity: ActivityReference, error: unknown): Promise<void> {
    const attempt = this.#attempt(activity);
    const failure = await outgoingFailure(error, this.#session.converter);
    await this.#report({ type: 'Fail', ...attempt, failure });
  }

  /** Says that the activity has stopped because of a cancellation. @throws as `complete`; refused when nobody asked for one. */
  async reportCancellation(activity: ActivityReference, details?: unknown): Promise<void> {
    const attempt = this.#attempt(activity);
    const payloads = await outgoingPayload('details', details, this.#session.converter);
    await this.#report({ type: 'ReportCanceled', ...attempt, details: payloads });
  }

  /**
   * Says that the activity lives, and how far it is: the next attempt finds the details.
   *
   * @throws ActivityCancelledError, ActivityPausedError or ActivityResetError (rejects) when it is to stop; else as `complete`.
   */
  async heartbeat(activity: ActivityReference, details?: unknown): Promise<void> {
    const attempt = this.#attempt(activity);
    const payloads = await outgoingPayload('details', details, this.#session.converter);
    const answer = await this.#report({ type: 'RecordHeartbeat', ...attempt, details: payloads });
    if (answer.type !== 'HeartbeatRecorded') return;
    const { activityId } = attempt.target;
    if (answer.cancelRequested) throw new ActivityCancelledError(`activity '${activityId}' is to be cancelled`);
    if (answer.reset) throw new ActivityResetError(`activity '${activityId}' is to begin anew`);
    if (answer.paused) throw new ActivityPausedError(`activity '${activityId}' is to pause`);
  }

  /**
   * Sends a message to a workflow run. Resolves once it is in the run's log, in its place among everything else that
   * happens there; the run takes it in when it asks for it, be it after a restart.
   *
   * @param runId `undefined`: the latest run.
   * @throws WorkflowNotFoundError (rejects) when there is no such run, or it is closed; RequestRefusedError when a name or
   * id is not one; InvalidActivityOptionsError when the arguments cannot be sent.
   */
  async signal(
    workflowId: string,
    runId: string | undefined,
    name: string,
    args: readonly unknown[] = [],
    { signalId = randomUUID() }: SignalOptions = {},
  ): Promise<void> {
    checkOptions(signalShape, { workflowId, runId, name, args, signalId });
    const { identity, converter } = this.#session;
    const run = { namespace: this.namespace, workflowId, runId: runId ?? '' };
    const payloads = await outgoingPayloads('args', args, converter);
    await sendToRun(this.#session, { type: 'SignalRun', run, name, args: payloads, requestId: signalId, identity });
  }

  /** @internal For `@ratchet/workflow`, whose runs share the connection. */
  static readonly sessionOf = (client: ActivityClient): ClientSession => client.#session;

  /**
   * Sends what is left and disconnects, within 20 s whether a broker answers or not. Whoever still waits gets an
   * OperationalError RKT1201.
   */
  close(): Promise<void> {
    return this.#disconnect();
  }

  #attempt(activity: ActivityReference): AttemptTarget {
    return attemptTarget(activity, this.namespace);
  }

  #report(report: AttemptReport): Promise<Answer> {
    const { identity } = this.#session;
    return send(this.#session, { ...report, requestId: randomUUID(), identity });
  }
}

type ReportType = 'Complete' | 'Fail' | 'ReportCanceled' | 'RecordHeartbeat';
type WithoutSender<C> = C extends CommandDraft ? Omit<C, 'requestId' | 'identity'> : never;
type AttemptReport = WithoutSender<Extract<CommandDraft, { readonly type: ReportType }>>;
