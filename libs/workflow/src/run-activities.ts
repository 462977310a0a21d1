import { InvalidActivityOptionsError, WorkflowNotFoundError } from '@ratchet/client';
import { refusalError, scheduleDraft } from '@ratchet/client/session';
import type { Refusal } from '@ratchet/domain';
import type { CommandDraftOf } from '@ratchet/protocol';
import { cancellationTypes, type ActivityCancellationType } from './cancellation-type.ts';
import { effectiveCancellation, type EffectiveCancellation } from './effective-cancellation.ts';
import { WorkflowRunClosedError } from './errors.ts';
import { RunActivityHandle } from './run-activity-handle.ts';
import type { AnyRunActivityOptions } from './run-activity-options.ts';
import type { RunSession } from './run-session.ts';

/** How long the outcome of a run's activity can be asked for: the run itself hears it at once. */
const retentionDefault = '1h';

/** How a run's activities are started, and found again. */
export class RunActivities {
  readonly #run: RunSession;

  constructor(run: RunSession) {
    this.#run = run;
  }

  /** One round trip less than `start` and `result`: the Schedule is answered by the outcome alone. */
  async execute(activityType: string, options: AnyRunActivityOptions): Promise<unknown> {
    const { draft, ...parts } = await this.#prepare(activityType, options);
    const awaitOutcome: ConstructorParameters<typeof RunActivityHandle>[1]['awaitOutcome'] = async (signal) => {
      const reply = await this.#run.session.channel.requestOutcome(draft, { signal });
      if (reply.body.type === 'Refused') throw this.#refusal(reply.body.refusal, draft);
      return reply;
    };
    return new RunActivityHandle(this.#run, { ...parts, activityType, awaitOutcome }).result();
  }

  async start(activityType: string, options: AnyRunActivityOptions): Promise<RunActivityHandle> {
    const { draft, ...parts } = await this.#prepare(activityType, options);
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
    // It may have been cancelled meanwhile.
    const { cause } = effectiveCancellation(this.#run.scope);
    if (cause !== undefined) throw cause;
    return {
      activityId,
      cancellationType,
      cancellation,
      draft: {
        ...draft,
        target: { ...this.#run.run, activityId },
        // What is never to be asked must be spared by the server, too.
        shielded: cancellation.shielded || cancellationType === 'ABANDON',
      },
    };
  }

  #refusal(refusal: Refusal, { target }: CommandDraftOf<'Schedule'>): Error {
    const { reason, message } = refusal;
    if (reason === 'not-found') return new WorkflowNotFoundError(target, message);
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
