import { randomUUID } from 'node:crypto';
import { InvalidActivityOptionsError, WorkflowNotFoundError } from '@ratchet/client';
import { checkText, refusalError, scheduleDraft } from '@ratchet/client/session';
import { retentionWithRunMs, type Refusal } from '@ratchet/domain';
import { activityIdOf, type CommandDraftOf, type OutcomeReply } from '@ratchet/protocol';
import { cancellationTypes, type ActivityCancellationType } from './cancellation-type.ts';
import { effectiveCancellation, type EffectiveCancellation } from './effective-cancellation.ts';
import { WorkflowRunClosedError, WorkflowRunTakenOverError } from './errors.ts';
import { RunActivityHandle } from './run-activity-handle.ts';
import type { AnyRunActivityOptions } from './run-activity-options.ts';
import type { RunSession } from './run-session.ts';

/** How long the outcome of a run's activity can be asked for: the run itself hears it at once. */
const retentionDefault = '1h';

/** A step is kept as long as its run. */
const withRun = retentionWithRunMs;

const notCancelled: EffectiveCancellation = { shielded: true, cause: undefined, onCancel: () => () => undefined };

/** How a run's activities are started, and found again. */
export class RunActivities {
  readonly #run: RunSession;

  constructor(run: RunSession) {
    this.#run = run;
  }

  /** One round trip less than `start` and `result`: the Schedule is answered by the outcome alone. */
  async execute(activityType: string, options: AnyRunActivityOptions): Promise<unknown> {
    const { draft, ...parts } = await this.#prepare(activityType, options);
    this.#checkCancelled();
    const awaitOutcome: ConstructorParameters<typeof RunActivityHandle>[1]['awaitOutcome'] = async (signal) => {
      const reply = await this.#run.session.channel.requestOutcome(draft, { signal });
      if (reply.body.type === 'Refused') throw this.#refusal(reply.body.refusal, draft);
      return reply;
    };
    return new RunActivityHandle(this.#run, { ...parts, activityType, awaitOutcome }).result();
  }

  async start(activityType: string, options: AnyRunActivityOptions): Promise<RunActivityHandle> {
    const { draft, ...parts } = await this.#prepare(activityType, options);
    this.#checkCancelled();
    const { channel } = this.#run.session;
    const { body, offset: scheduleOffset } = await channel.requestApart(draft);
    if (body.type === 'Refused') throw this.#refusal(body.refusal, draft);
    // A repetition is answered by what was there before: which life that is, it does not say.
    const ofLife = body.answer.type === 'Scheduled' && body.answer.started ? { scheduleOffset } : {};
    const { target } = draft;
    return new RunActivityHandle(this.#run, {
      ...parts,
      activityType,
      awaitOutcome: (signal) => channel.awaitOutcome(target, { signal, ...ofLife }),
    });
  }

  /**
   * Starts an activity once in the life of the run. The request that starts it follows from the step, so a later one finds
   * what it has started, open or closed; and should the id be that of an activity which another request has started, that
   * is found by its id.
   */
  async step(id: string, activityType: string, options: AnyRunActivityOptions): Promise<unknown> {
    checkText('id', id);
    const once = { id, requestId: activityIdOf(activityType, `${this.#run.run.runId}/${id}`), retention: withRun };
    const prepared = await this.#prepare(activityType, { ...options, ...once });
    const draft = { ...prepared.draft, idReusePolicy: 'reject-duplicate' } as const;
    // In a cancelled scope nothing is started, but what was has come to something all the same.
    const found = this.#isCancelled() ? await this.#found(draft) : undefined;
    if (found === undefined) this.#checkCancelled();
    const { channel } = this.#run.session;
    const awaitOutcome = async (signal: AbortSignal): Promise<OutcomeReply> => {
      const reply = await channel.requestOutcome(draft, { signal });
      if (reply.body.type !== 'Refused') return reply;
      if (reply.body.refusal.reason !== 'already-started' || (await this.#found(draft)) === undefined)
        throw this.#refusal(reply.body.refusal, draft);
      return channel.awaitOutcome(draft.target, { signal });
    };
    return new RunActivityHandle(this.#run, {
      ...prepared,
      // What has ended is not cancelled any more.
      ...(found === 'closed' ? { cancellation: notCancelled } : {}),
      activityType,
      awaitOutcome: found === undefined ? awaitOutcome : (signal) => channel.awaitOutcome(draft.target, { signal }),
    }).result();
  }

  find<Result>(activityId: string, cancellationType: ActivityCancellationType): RunActivityHandle<Result> {
    const { session, run, scope } = this.#run;
    return new RunActivityHandle<Result>(this.#run, {
      activityId,
      cancellationType,
      cancellation: effectiveCancellation(scope),
      awaitOutcome: (signal) => session.channel.awaitOutcome({ ...run, activityId }, { signal }),
    });
  }

  async #prepare(activityType: string, options: AnyRunActivityOptions): Promise<PreparedActivity> {
    const { cancellationType = 'WAIT_CANCELLATION_COMPLETED', ...start } = options;
    if (!cancellationTypes.includes(cancellationType)) throw unknownCancellationType(cancellationType);
    const cancellation = effectiveCancellation(this.#run.scope);
    const draft = await scheduleDraft(activityType, { retention: retentionDefault, ...start }, this.#run.session);
    const { activityId } = draft.target;
    return {
      activityId,
      cancellationType,
      cancellation,
      draft: {
        ...draft,
        target: { ...this.#run.run, activityId },
        driverId: this.#run.driverId,
        // What is never to be asked must be spared by the server, too.
        shielded: cancellation.shielded || cancellationType === 'ABANDON',
      },
    };
  }

  /** Whether the activity of a step is there. @throws InvalidActivityOptionsError (rejects) when it is one of another type. */
  async #found({ target, activityType }: CommandDraftOf<'Schedule'>): Promise<'open' | 'closed' | undefined> {
    const { body } = await this.#run.session.channel.describe(target, randomUUID());
    if (body.type === 'Refused') {
      if (body.refusal.reason === 'not-found') return undefined;
      throw this.#refusal(body.refusal, { target });
    }
    const { description } = body;
    if (description.activityType === activityType) return 'outcome' in description ? 'closed' : 'open';
    const started = `it was started with '${description.activityType}'`;
    throw new InvalidActivityOptionsError(
      `Expected to go on with step '${target.activityId}' as activity '${activityType}', but ${started}`,
      'activityType',
    );
  }

  #isCancelled(): boolean {
    return effectiveCancellation(this.#run.scope).cause !== undefined;
  }

  /** It may have been cancelled while something was prepared. */
  #checkCancelled(): void {
    const { cause } = effectiveCancellation(this.#run.scope);
    if (cause !== undefined) throw cause;
  }

  #refusal(refusal: Refusal, { target }: Pick<CommandDraftOf<'Schedule'>, 'target'>): Error {
    const { reason, message } = refusal;
    if (reason === 'not-found') return new WorkflowNotFoundError(target, message);
    if (reason === 'stale-driver') return new WorkflowRunTakenOverError(target, message);
    if (reason === 'failed-precondition') return new WorkflowRunClosedError(target, message);
    return refusalError(refusal, target);
  }
}

interface PreparedActivity {
  readonly activityId: string;
  readonly cancellationType: ActivityCancellationType;
  readonly cancellation: EffectiveCancellation;
  readonly draft: CommandDraftOf<'Schedule'>;
}

const unknownCancellationType = (value: unknown): InvalidActivityOptionsError =>
  new InvalidActivityOptionsError(
    `Expected to get cancellationType as one of ${cancellationTypes.join(', ')}, but it is ${JSON.stringify(value)}`,
    'cancellationType',
  );
