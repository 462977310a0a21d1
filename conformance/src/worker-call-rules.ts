import { unknown, type Rule } from './rule.ts';
import { ended, gone, inProgress, open, waiting, without } from './states.ts';

const mustBeAsked = 'unable to mark activity as canceled without activity being request canceled first';

const completed = {
  answer: 'ok',
  status: 'completed',
  runState: 'unspecified',
  waits: false,
  result: 'done',
  failure: '',
  retryState: 'unspecified',
} as const;
/** Where a token is one of the past: of a former life of the id, or of an attempt that is over. */
const notHeld = [...without(waiting, 'delayed'), ...ended, 'deleted'] as const;

/** A failure that may be retried, of the attempt that runs. Semantics section 2.1. */
const failing: Rule['cells'] = [
  [['started'], { answer: 'ok', runState: 'scheduled', attempt: 2, waits: true, lastFailure: 'failed' }],
  [['cancel-requested'], { ...failedWith('failed'), retryState: 'cancel-requested' }],
  [['pause-requested'], { answer: 'ok', status: 'paused', runState: 'paused', attempt: 2, lastFailure: 'failed' }],
  [['reset-requested'], { answer: 'ok', runState: 'scheduled', attempt: 1, waits: false }],
  [['reset-requested and kept paused'], { answer: 'ok', status: 'paused', runState: 'paused', attempt: 1 }],
];

const beating: Rule['cells'] = [
  [['started'], { answer: 'ok', heartbeats: 1 }],
  [['cancel-requested'], { answer: 'cancel-requested', heartbeats: 1 }],
  [['pause-requested'], { answer: 'paused', heartbeats: 1 }],
  [['reset-requested', 'reset-requested and kept paused'], { answer: 'reset', heartbeats: 1 }],
];

const accepting: Rule['cells'] = [
  [
    ['cancel-requested'],
    {
      answer: 'ok',
      status: 'canceled',
      runState: 'unspecified',
      failure: 'Activity canceled',
      failureType: 'canceled',
      details: 'stopped',
      endedBy: 'client',
      retryState: 'unspecified',
    },
  ],
  [without(inProgress, 'cancel-requested'), { answer: 'invalid-argument', message: mustBeAsked }],
];

/** What a worker does, and whoever speaks for it by id: semantics sections 2.1, 2.2, 2.4 and 2.5. */
export const workerCallRules: readonly Rule[] = [
  {
    call: 'poll',
    cells: [
      [['scheduled'], { answer: 'task', runState: 'started' }],
      [[...without(open, 'scheduled'), ...ended, ...gone], { answer: 'no-task' }],
    ],
  },
  {
    call: 'complete',
    by: 'token',
    cells: [
      [inProgress, completed],
      [notHeld, unknown],
    ],
  },
  {
    call: 'complete-by-id',
    cells: [
      [open, completed],
      [[...ended, ...gone], unknown],
    ],
  },
  { call: 'fail', by: 'token', cells: [...failing, [notHeld, unknown]] },
  { call: 'fail-by-id', cells: [...failing, [[...waiting, ...ended, ...gone], unknown]] },
  {
    call: 'fail-for-good',
    by: 'token',
    cells: [
      [['started', 'pause-requested'], { ...failedWith('failed for good'), retryState: 'non-retryable-failure' }],
      [['cancel-requested'], { ...failedWith('failed for good'), retryState: 'cancel-requested' }],
      [['reset-requested'], { answer: 'ok', runState: 'scheduled', attempt: 1, waits: false }],
      [['reset-requested and kept paused'], { answer: 'ok', status: 'paused', runState: 'paused', attempt: 1 }],
      [notHeld, unknown],
    ],
  },
  { call: 'report-canceled', by: 'token', cells: [...accepting, [notHeld, unknown]] },
  { call: 'report-canceled-by-id', cells: [...accepting, [[...waiting, ...ended, ...gone], unknown]] },
  { call: 'heartbeat', by: 'token', cells: [...beating, [notHeld, unknown]] },
  { call: 'heartbeat-by-id', cells: [...beating, [[...waiting, ...ended, ...gone], unknown]] },
];

function failedWith(failure: string) {
  return {
    answer: 'ok',
    status: 'failed',
    runState: 'unspecified',
    waits: false,
    failure,
    failureType: 'application',
    lastFailure: failure,
  } as const;
}
