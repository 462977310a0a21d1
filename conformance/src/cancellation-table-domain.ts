import {
  decide,
  epochMillis,
  millis,
  PartitionState,
  timerReference,
  type Activity,
  type ActivityOptionsRequest,
  type AttemptReference,
  type Command,
  type Decision,
  type NoticeReason,
} from '@ratchet/domain';
import { pause, requestCancel, reset, scheduleOf, terminate } from './command-of.ts';
import { limitsOf, proposalOf } from './limits-of.ts';
import type { TableCell, TableEnd, TableReason, TableState, Told } from './cancellation-table.ts';

const run = { namespace: 'default', workflowId: 'table', runId: 'run-1' };
const target = { ...run, activityId: 'cell' };
const worker = { identity: 'worker', requestId: 'report-1', target };

const options: ActivityOptionsRequest = {
  taskQueue: 'table',
  scheduleToCloseTimeoutMs: 3_600_000,
  startToCloseTimeoutMs: 600_000,
  retryPolicy: { initialIntervalMs: 10, attemptsMax: 2 },
};
const backoffMs = 60_000;

/** What the worker is told of by the log. The others it knows by itself. */
const told: Readonly<Record<NoticeReason, Told>> = {
  'cancel-requested': 'CANCELLED',
  'not-found': 'NOT_FOUND',
  'timed-out': 'TIMED_OUT',
  paused: 'PAUSED',
  reset: 'RESET',
};
const knownByWorker: Readonly<Partial<Record<TableReason, Told>>> = {
  'its worker shuts down': 'WORKER_SHUTDOWN',
  'a heartbeat cannot be converted': 'HEARTBEAT_DETAILS_CONVERSION_FAILED',
};

/** What is seen of a cell: the first failure that its attempt is told, and its end. */
export type TableSighting = Pick<TableCell, 'told' | 'end'>;

/** Plays a cell on the rules alone: a partition in memory, and a worker that reports what its function's behaviour means. */
export function playOnDomain(cell: TableCell): TableSighting {
  const play = new TablePlay(cell);
  play.enter();
  play.meet();
  play.report();
  return play.sighting();
}

class TablePlay {
  readonly #cell: TableCell;
  readonly #state = new PartitionState();
  readonly #heard: Told[] = [];
  #now = epochMillis(1_000_000);
  #offset = 0;
  /** Of the attempt that runs. */
  #attempt: AttemptReference | undefined;
  #result: TableEnd = 'closed';

  constructor(cell: TableCell) {
    this.#cell = cell;
    const once = cell.reason === 'a limit passes' ? { retryPolicy: { attemptsMax: 1 } } : {};
    this.#send({ type: 'OpenRun', run, retentionMs: millis(60_000), identity: 'workflow', requestId: 'open-1' });
    this.#send(scheduleOf({ target, options: { ...options, ...once }, requestId: 'schedule-1' }));
  }

  /** Into the state in which the reason will find it. */
  enter(): void {
    const { state } = this.#cell;
    if (state !== 'scheduled' && state !== 'paused') this.#claim();
    const steps: Readonly<Partial<Record<TableState, () => void>>> = {
      paused: () => this.#pause('before'),
      'pause-requested': () => this.#pause('before'),
      'reset-requested': () => this.#reset('before'),
      'cancel-requested': () => this.#cancel('before'),
      'backing off': () => this.#fail(backoffMs),
      closed: () => this.#complete('closed'),
    };
    steps[state]?.();
  }

  /** The reason comes; where it is refused, that is part of the table. */
  meet(): void {
    const { reason, type } = this.#cell;
    const steps: Readonly<Partial<Record<TableReason, () => void>>> = {
      'its scope is cancelled': () => {
        if (type !== 'ABANDON') this.#cancel('scope');
      },
      'it is terminated': () => void this.#send(terminate(target, 'end-1')),
      'its run is closed': () => this.#closeRun(),
      'a limit passes': () => this.#pass(),
      'it is paused': () => this.#pause('now'),
      'it is reset': () => this.#reset('now'),
    };
    steps[reason]?.();
    const known = knownByWorker[reason];
    if (known !== undefined) this.#heard.push(known);
  }

  /** The worker's side: nobody waits, else a request goes before all that is only a failure of the attempt. */
  report(): void {
    const heard = this.#heard;
    if (this.#attempt === undefined || heard.includes('NOT_FOUND') || heard.includes('TIMED_OUT')) return;
    if (heard.length === 0) this.#complete('undisturbed');
    else if (this.#cell.behaviour === 'ignore') this.#complete('ignored');
    else if (heard.includes('CANCELLED'))
      this.#send({ type: 'ReportCanceled', ...worker, attempt: this.#attempt, details: [] });
    else this.#fail();
  }

  sighting(): TableSighting {
    return { told: this.#heard[0] ?? '-', end: this.#end() };
  }

  #end(): TableEnd {
    const activity = this.#activity;
    switch (activity.status) {
      case 'scheduled':
        return this.#endOfScheduled(activity.dispatchAt);
      case 'completed':
        return this.#result;
      case 'timed-out':
        return 'timed out';
      case 'paused':
      case 'canceled':
      case 'terminated':
        return activity.status;
      default:
        throw new Error(`Expected to see an end, but the activity is ${activity.status}`);
    }
  }

  /** A further attempt is run unless nobody is there, or it is due much later. */
  #endOfScheduled(dispatchAt: number): TableEnd {
    const { state } = this.#cell;
    if (state === 'scheduled' || state === 'paused') return 'scheduled';
    if (dispatchAt >= this.#now + backoffMs) return 'backing off';
    this.#now = epochMillis(Math.max(this.#now, dispatchAt));
    this.#send({ type: 'DispatchDue', target, timer: timerReference(this.#activity), identity: '', requestId: '' });
    this.#claim();
    this.#complete('again');
    return this.#result;
  }

  #claim(): void {
    const attempt = { by: 'token', ...timerReference(this.#activity) } as const;
    const decision = this.#send({ type: 'Claim', ...worker, attempt, claimId: `claim-${String(this.#offset)}` });
    if (decision.kind === 'refused') throw new Error(decision.refusal.message);
    this.#attempt = attempt;
  }

  #complete(result: TableEnd): void {
    const attempt = this.#attemptThatRuns();
    if (this.#send({ type: 'Complete', ...worker, attempt, result: [] }).kind === 'accepted') this.#result = result;
  }

  #fail(nextRetryDelayMs?: number): void {
    const delay = nextRetryDelayMs === undefined ? {} : { nextRetryDelayMs: millis(nextRetryDelayMs) };
    const info = { type: 'application', errorType: 'Error', nonRetryable: false, details: [], ...delay } as const;
    const failure = { message: 'stopped', source: 'worker', stackTrace: '', info };
    this.#send({ type: 'Fail', ...worker, attempt: this.#attemptThatRuns(), failure });
  }

  /** It ends by this report. */
  #attemptThatRuns(): AttemptReference {
    if (this.#attempt === undefined) throw new Error('Expected to report the end of an attempt, but none runs');
    const attempt = this.#attempt;
    this.#attempt = undefined;
    return attempt;
  }

  #pause(requestId: string): void {
    this.#send(pause(target, requestId));
  }

  #reset(requestId: string): void {
    this.#send(reset(target, requestId, {}));
  }

  #cancel(requestId: string): void {
    this.#send(requestCancel(target, requestId));
  }

  #closeRun(): void {
    const closedOffset = this.#offset;
    this.#send({ type: 'CloseRun', run, status: 'completed', reason: '', identity: 'workflow', requestId: 'close-1' });
    this.#send({ type: 'CloseWithRun', target, identity: 'workflow', requestId: 'close-1', closedOffset });
  }

  /** The next limit: start-to-close of what runs, schedule-to-close of what does not. */
  #pass(): void {
    const limit = limitsOf(this.#activity).find(({ type }) => type !== 'dispatch');
    if (limit === undefined) return;
    this.#now = epochMillis(Math.max(this.#now, limit.at));
    this.#send(proposalOf(target, limit));
  }

  #send(command: Command): Decision {
    const decision = decide(this.#state, command, { now: this.#now, offset: this.#offset++, rules: 1 });
    if (decision.kind === 'refused') return decision;
    this.#state.apply(decision.change);
    for (const effect of decision.effects) if (effect.type === 'Notice') this.#heard.push(told[effect.reason]);
    return decision;
  }

  get #activity(): Activity {
    const activity = this.#state.activity(target);
    if (activity === undefined) throw new Error('Expected to find the activity, but it was not accepted');
    return activity;
  }
}
