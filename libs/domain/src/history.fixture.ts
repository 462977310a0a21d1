import fc from 'fast-check';
import type { ActivityOptionsRequest, IdConflictPolicy } from './activity-options.ts';
import { isClosed, isRunning, type Activity } from './activity.ts';
import type { AttemptReference, Command } from './command.ts';
import { deadlines, type Deadline, type DeadlineType } from './deadlines.ts';
import { decide } from './decide.ts';
import type { Decision, DecisionContext } from './decision.ts';
import type { PartitionState } from './partition-state.ts';
import type { Stage } from './stage.fixture.ts';
import { applicationFailure, byId, expireBefore, options, payloads } from './stage.fixture.ts';
import { epochMillis, millis } from './units.ts';

/**
 * Moves are named relative to the present state: commands drawn blindly nearly all bounce off, and then a broken rule
 * goes unnoticed. `pick` chooses among what there is, `skew` how the clock stands to it.
 */
const kinds = [
  'go on',
  'go on',
  'go on',
  'go on',
  'go on',
  'go on',
  'go on',
  'go on',
  'schedule',
  'use existing',
  'claim',
  'claim again',
  'claim with another id',
  'heartbeat',
  'complete',
  'complete by id',
  'fail',
  'fail for good',
  'fail with a delay',
  'fail with details',
  'report canceled',
  'request cancel',
  'terminate',
  'delete',
  'report with an id',
  'pause',
  'unpause',
  'reset',
  'update options',
  'an old token speaks',
  'a deadline passes',
  'a deadline passes',
  'a deadline passes',
  'an old timer fires',
  'repeat a command',
  'expire',
] as const;

export interface Move {
  readonly kind: (typeof kinds)[number];
  readonly pick: number;
  /** How far past a deadline the clock is, in milliseconds; negative is early. */
  readonly skew: number;
}

export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    pick: fc.nat({ max: 1000 }),
    skew: fc.constantFrom(-1, 0, 0, 0, 1, 7, 200),
  }),
  { minLength: 20, maxLength: 80 },
);

export interface Step {
  readonly command: Command;
  readonly context: DecisionContext;
  readonly decision: Decision;
  /** The activity of the command's target before and after, where it names one. */
  readonly before: Activity | undefined;
  readonly after: Activity | undefined;
}

const taskRetentionMs = millis(1000);

const variants: readonly ActivityOptionsRequest[] = [
  options,
  { ...options, startDelayMs: 20 },
  { ...options, retryPolicy: { ...options.retryPolicy, attemptsMax: 0 } },
  { ...options, heartbeatTimeoutMs: 0, scheduleToStartTimeoutMs: 0 },
];

/** Plays moves against one partition and remembers every step. */
export class History {
  readonly steps: Step[] = [];
  readonly #tokens: AttemptReference[] = [];
  readonly #timers: Deadline<DeadlineType>[] = [];
  /** Where the deadlines of the present state begin among all timers. */
  #presentTimers = 0;
  #count = 0;

  readonly stage: Stage;
  readonly #expires: boolean;

  /** @param expires whether retentions end in this history, or activities are deleted. */
  constructor(stage: Stage, expires = true) {
    this.stage = stage;
    this.#expires = expires;
  }

  play(moves: readonly Move[]): this {
    for (const move of moves) {
      const command = this.#commandFor(move);
      if (command !== undefined) this.send(command);
    }
    return this;
  }

  send(command: Command): Step {
    const { stage } = this;
    const before = this.#targetOf(command);
    const context = { now: stage.now, offset: stage.offset, rules: stage.rules };
    const decision = stage.send(command);
    const step = { command, context, decision, before, after: this.#targetOf(command) };
    this.steps.push(step);
    this.#remember();
    return step;
  }

  #targetOf(command: Command): Activity | undefined {
    return 'target' in command ? this.stage.state.activity(command.target) : undefined;
  }

  #remember(): void {
    const { found, token } = this.stage;
    this.#presentTimers = this.#timers.length;
    if (found === undefined) return;
    this.#timers.push(...deadlines(found, taskRetentionMs));
    const last = this.#tokens.at(-1);
    if (last === undefined || !isSameToken(last, token)) this.#tokens.push(token);
  }

  #fresh(prefix: string): string {
    this.#count++;
    return `${prefix}-${String(this.#count)}`;
  }

  #commandFor({ kind, pick, skew }: Move): Command | undefined {
    const { stage } = this;
    const byTokenOrId = pick % 3 === 0 ? byId : stage.token;
    const old = oneOf(pick, this.#tokens.slice(0, -1)) ?? byId;
    switch (kind) {
      case 'go on':
        return this.#goOn(pick);
      case 'schedule':
        return this.#schedule(pick, 'fail');
      case 'use existing':
        return this.#schedule(pick, 'use-existing');
      case 'claim':
        return stage.claim({ claimId: this.#fresh('claim') });
      case 'claim again':
        return stage.claim({ claimId: claimIdOf(stage.found) });
      case 'claim with another id':
        return stage.claim({ claimId: this.#fresh('claim'), attempt: byTokenOrId });
      case 'heartbeat':
        return stage.heartbeat(payloads(this.#fresh('details')), { attempt: byTokenOrId });
      case 'complete':
        return stage.complete();
      case 'complete by id':
        return seldom(pick, stage.complete({ attempt: byId }));
      case 'fail':
        return stage.fail(undefined, { attempt: byTokenOrId });
      case 'fail for good':
        return stage.fail(applicationFailure('final', { nonRetryable: true }));
      case 'fail with a delay':
        return stage.fail(applicationFailure('later', { nextRetryDelayMs: millis((pick % 5) * 5) }));
      case 'fail with details':
        return stage.fail(undefined, { lastHeartbeatDetails: payloads(this.#fresh('details')) });
      case 'report canceled':
        return stage.reportCanceled({ attempt: byTokenOrId });
      case 'request cancel':
        return stage.requestCancel({ requestId: this.#fresh('cancel') });
      case 'terminate':
        return seldom(pick, stage.terminate({ requestId: this.#fresh('terminate') }));
      case 'delete':
        return this.#expires ? seldom(pick, stage.delete({ requestId: this.#fresh('delete') })) : undefined;
      case 'report with an id': {
        const issuedAt = epochMillis(Math.max(stage.now - (pick % 3) * 1_500, 0));
        const report = {
          attempt: byTokenOrId,
          reportId: `report-${String(pick % 4)}`,
          ...(pick % 5 === 0 ? {} : { issuedAt }),
        };
        return pick % 8 === 0 ? stage.complete(report) : stage.fail(undefined, report);
      }
      case 'pause':
        return stage.pause({ requestId: this.#fresh('pause') });
      case 'unpause':
        return stage.unpause({ requestId: this.#fresh('unpause') });
      case 'reset':
        return stage.reset({
          requestId: this.#fresh('reset'),
          keepPaused: pick % 2 === 0,
          resetHeartbeat: pick % 3 === 0,
          restoreOriginalOptions: pick % 5 === 0,
        });
      case 'update options':
        return oneOf(pick, [
          stage.updateOptions({ taskQueue: this.#fresh('queue') }),
          stage.updateOptions({ startDelayMs: pick % 50 }),
          stage.updateOptions({ retryPolicy: { initialIntervalMs: 1 + (pick % 20) } }),
        ]);
      case 'an old token speaks':
        return oneOf(pick, [
          stage.complete({ attempt: old }),
          stage.fail(undefined, { attempt: old }),
          stage.claim({ attempt: old }),
          stage.heartbeat([], { attempt: old }),
        ]);
      case 'a deadline passes':
        return this.#pass(this.#timers.slice(this.#presentTimers), pick, skew);
      case 'an old timer fires':
        return this.#pass(this.#timers, pick, skew);
      case 'repeat a command':
        return oneOf(pick, this.steps)?.command;
      case 'expire':
        if (!this.#expires) return undefined;
        return expireBefore(Math.max(0, stage.now + skew), 1 + (pick % 3));
    }
  }

  /** The next step of a life that nobody disturbs: with it, histories reach later attempts, and their last one. */
  #goOn(pick: number): Command {
    const { stage } = this;
    switch (stage.found?.status) {
      case 'scheduled':
        if ('dispatchedAt' in stage.found) return stage.claim({ claimId: this.#fresh('claim') });
        stage.at(Math.max(stage.now, stage.found.dispatchAt));
        return stage.dispatchDue();
      case 'paused':
        return stage.unpause({ requestId: this.#fresh('unpause') });
      case 'started':
      case 'cancel-requested':
      case 'pause-requested':
      case 'reset-requested':
        return pick % 3 === 0 ? stage.heartbeat(payloads(this.#fresh('details'))) : stage.fail();
      default:
        return this.#schedule(pick, 'fail');
    }
  }

  #schedule(pick: number, idConflictPolicy: IdConflictPolicy): Command {
    const { stage } = this;
    const target = stage.target.workflowId === '' ? { ...stage.target, runId: this.#fresh('run') } : stage.target;
    const command = stage.schedule({
      target,
      requestId: this.#fresh('schedule'),
      idConflictPolicy,
      options: oneOf(pick, variants) ?? options,
      retentionMs: millis(200),
    });
    if (isFree(stage)) stage.target = target;
    return command;
  }

  #pass(due: readonly Deadline<DeadlineType>[], pick: number, skew: number): Command | undefined {
    const deadline = oneOf(pick, due);
    if (deadline === undefined || (deadline.type === 'expire' && !this.#expires)) return undefined;
    this.stage.at(Math.max(this.stage.now, deadline.at + skew));
    return proposalOf(this.stage, deadline);
  }
}

/** What timeout-tracker proposes for a deadline. */
export function proposalOf(stage: Stage, { type, timer, at }: Deadline<DeadlineType>): Command {
  if (type === 'dispatch') return stage.dispatchDue(timer);
  if (type === 'redispatch') return stage.redispatch(timer);
  return type === 'expire' ? expireBefore(at) : stage.timeOut(type, timer);
}

/** The deadlines of an activity, the next one first. */
export const nextDeadlines = (activity: Activity): readonly Deadline<DeadlineType>[] =>
  deadlines(activity, taskRetentionMs).toSorted((one, other) => one.at - other.at);

/** The same commands again on another state, in their own contexts. */
export function replay(state: PartitionState, steps: readonly Step[]): readonly Decision[] {
  return steps.map(({ command, context }) => {
    const decision = decide(state, command, context);
    if (decision.kind === 'accepted') state.apply(decision.change);
    return decision;
  });
}

/** Everything a state holds, in its canonical order. */
export const dump = (state: PartitionState): unknown => [[...state.activities()], [...state.runs()], state.rules];

const oneOf = <T>(pick: number, all: readonly T[]): T | undefined => all[pick % Math.max(1, all.length)];

const isSameToken = (one: AttemptReference, other: AttemptReference): boolean =>
  one.by === 'token' &&
  other.by === 'token' &&
  one.stamp === other.stamp &&
  one.scheduleOffset === other.scheduleOffset;

/** Endings would come too soon if they came as often as the rest. */
const seldom = (pick: number, command: Command): Command | undefined => (pick % 4 === 0 ? command : undefined);

const isFree = ({ found }: Stage): boolean => found === undefined || isClosed(found);

const claimIdOf = (activity: Activity | undefined): string =>
  activity !== undefined && isRunning(activity) ? activity.claimId : 'claim-none';
