import {
  isClosed,
  executionKey,
  type Activity,
  type ActivityQuery,
  type AwaitRun,
  type ExecutionId,
  type LargePart,
  type PartitionState,
  type Query,
  type Reply,
  type RunId,
  type WorkflowRun,
} from '@ratchet/domain';
import type { OutputRecord } from '@ratchet/kafka';
import type { LogPosition } from './command.handler.ts';
import type { Effects } from './effects.ts';
import { outcomeReached } from './outcome-reached.ts';
import { ParkedQueries } from './parked-queries.ts';
import { newsOf, type RunWaiters } from './run-waiters.ts';
import type { OutcomeWaiter, Waiters } from './waiters.ts';

export interface QueryHandlerParts {
  readonly state: PartitionState;
  readonly position: LogPosition;
  readonly effects: Effects;
  readonly waiters: Waiters<OutcomeWaiter>;
  readonly runWaiters: RunWaiters;
}

/**
 * Answers questions from the state.
 *
 * Queries and commands come by two topics, so a question may arrive before the command that its asker knows to be
 * in the log. Such a question is parked until the command has been handled: whoever writes and then asks sees what
 * it wrote.
 */
export class QueryHandler {
  readonly #parts: QueryHandlerParts;
  readonly #parked = new ParkedQueries();
  /** The last command that `afterCommand` was called for. */
  #answeredTo = -1;

  constructor(parts: QueryHandlerParts) {
    this.#parts = parts;
  }

  /** Questions that wait for a command that has not come yet. */
  get parkedCount(): number {
    return this.#parked.count;
  }

  /** @param askedAt the query's own timestamp, epoch milliseconds. */
  handle(query: Query, askedAt: number): readonly OutputRecord[] {
    if (query.seenOffset > this.#parts.position.offset) {
      this.#parked.park(query, askedAt);
      return [];
    }
    return [this.#answer(query)];
  }

  /** Called after every command. @returns the answers that had to wait for it. */
  afterCommand(): readonly OutputRecord[] {
    const { offset, now } = this.#parts.position;
    const answered = this.#parked.take(this.#answeredTo, offset, now);
    this.#answeredTo = offset;
    return answered.length === 0 ? nothing : answered.map((query) => this.#answer(query));
  }

  #answer(query: Query): OutputRecord {
    const { requestId, replyTo } = query;
    const { effects, position } = this.#parts;
    const body = query.type === 'AwaitRun' ? this.#ofRun(query) : this.#ofActivity(query);
    return effects.reply(replyTo, { requestId, offset: position.offset, body });
  }

  #ofActivity(query: ActivityQuery): Reply['body'] {
    const found = this.#find(query.target);
    const { scheduleOffset = found?.scheduleOffset } = query;
    // The id was free again and is another's now: what is asked for is gone.
    const activity = found?.scheduleOffset === scheduleOffset ? found : undefined;
    return activity === undefined ? notFound('activity', query.target.activityId) : this.#bodyFor(query, activity);
  }

  #ofRun(query: AwaitRun): Reply['body'] {
    const { state, runWaiters, position } = this.#parts;
    const run = this.#findRun(query.run);
    if (run === undefined) return notFound('workflow', query.run.workflowId);
    const news = newsOf(run, state.signals(run.id, query.known.signalsUpTo), query.known);
    if (news !== undefined) return news;
    runWaiters.add(run, query, position.now);
    return { type: 'OutcomePending', runId: run.id.runId };
  }

  #findRun(id: RunId): WorkflowRun | undefined {
    const { state } = this.#parts;
    const runId = id.runId === '' ? state.latestWorkflowRunId(id.namespace, id.workflowId) : id.runId;
    return runId === undefined ? undefined : state.run({ ...id, runId });
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

  #bodyFor({ type, replyTo, requestId, without = [] }: ActivityQuery, activity: Activity): Reply['body'] {
    const { state } = this.#parts;
    if (type === 'Describe') {
      const stateBytes = state.stateBytes(activity);
      return { type: 'Described', description: leftOut(state.whole(activity), without), stateBytes };
    }
    if (isClosed(activity)) return outcomeReached(activity);
    this.#parts.waiters.add(executionKey(activity.id), { replyTo, requestId }, this.#parts.position.now);
    return { type: 'OutcomePending', runId: activity.id.runId };
  }
}

/** An answer has room for two of an activity's large parts, and not for all. */
function leftOut(activity: Activity, without: readonly LargePart[]): Activity {
  const lacks = (part: LargePart): boolean => without.includes(part);
  let left = activity;
  if (lacks('input')) left = { ...left, input: [] };
  if (lacks('heartbeat-details') && left.heartbeat !== undefined) {
    left = { ...left, heartbeat: { ...left.heartbeat, details: [] } };
  }
  if (!lacks('result') || !isClosed(left) || left.outcome.type === 'failure') return left;
  return { ...left, outcome: { type: 'success', result: [] } };
}

const nothing: readonly OutputRecord[] = [];

const notFound = (what: 'activity' | 'workflow', id: string): Reply['body'] => ({
  type: 'Refused',
  refusal: { reason: 'not-found', message: `${what} not found for ID: ${id}` },
});
