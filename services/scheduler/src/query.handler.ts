import { executionKey, type Activity, type ExecutionId, type PartitionState, type Query } from '@ratchet/domain';
import type { OutputRecord } from '@ratchet/kafka';
import type { LogPosition } from './command.handler.ts';
import type { Effects } from './effects.ts';
import type { OutcomeWaiters } from './outcome-waiters.ts';

export interface QueryHandlerParts {
  readonly state: PartitionState;
  readonly position: LogPosition;
  readonly effects: Effects;
  readonly waiters: OutcomeWaiters;
}

/** A question that has waited for this long is dropped: its asker asks again every few seconds. */
const parkedMsMax = 30_000;

/**
 * Answers questions from the state.
 *
 * Queries and commands come by two topics, so a question may arrive before the command that its asker knows to be
 * in the log. Such a question is parked until the command has been handled: whoever writes and then asks sees what
 * it wrote.
 */
export class QueryHandler {
  readonly #parts: QueryHandlerParts;
  #parked: { readonly query: Query; readonly askedAt: number }[] = [];

  constructor(parts: QueryHandlerParts) {
    this.#parts = parts;
  }

  /** @param askedAt the query's own timestamp, epoch milliseconds. */
  handle(query: Query, askedAt: number): readonly OutputRecord[] {
    if (query.seenOffset > this.#parts.position.offset) {
      this.#parked.push({ query, askedAt });
      return [];
    }
    return [this.#answer(query)];
  }

  /** Called after every command. @returns the answers that had to wait for it. */
  afterCommand(): readonly OutputRecord[] {
    if (this.#parked.length === 0) return [];
    const { offset, now } = this.#parts.position;
    const answered = this.#parked.filter(({ query }) => query.seenOffset <= offset);
    this.#parked = this.#parked.filter(
      ({ query, askedAt }) => query.seenOffset > offset && askedAt + parkedMsMax > now,
    );
    return answered.map(({ query }) => this.#answer(query));
  }

  #answer(query: Query): OutputRecord {
    const { requestId, replyTo, target } = query;
    const { effects, position } = this.#parts;
    const activity = this.#find(target);
    const body =
      activity === undefined
        ? ({ type: 'Refused', refusal: { reason: 'not-found', message: notFound(target) } } as const)
        : this.#bodyFor(query, activity);
    return effects.reply(replyTo, { requestId, offset: position.offset, body });
  }

  #find(target: ExecutionId): Activity | undefined {
    const { state } = this.#parts;
    if (target.runId !== '') return state.activity(target);
    const runId =
      target.workflowId === ''
        ? state.latestRunId(target.namespace, target.activityId)
        : state.latestWorkflowRunId(target.namespace, target.workflowId);
    return runId === undefined ? undefined : state.activity({ ...target, runId });
  }

  #bodyFor({ type, replyTo, requestId }: Query, activity: Activity): Parameters<Effects['reply']>[1]['body'] {
    if (type === 'Describe') return { type: 'Described', description: activity };
    const { runId } = activity.id;
    if ('outcome' in activity) {
      return { type: 'OutcomeReached', runId, status: activity.status, outcome: activity.outcome };
    }
    this.#parts.waiters.add(executionKey(activity.id), { replyTo, requestId }, this.#parts.position.now);
    return { type: 'OutcomePending', runId };
  }
}

const notFound = ({ activityId }: ExecutionId): string => `activity not found for ID: ${activityId}`;
