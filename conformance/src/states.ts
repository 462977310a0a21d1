import { shortMs, usualOptions, type Sighting, type Trace } from './trace.ts';

/** Every state that a call may meet, as far as anyone outside can tell one from another. */
export type StateName =
  | 'absent'
  | 'delayed'
  | 'scheduled'
  | 'backing off'
  | 'paused'
  | 'paused before a retry'
  | 'started'
  | 'cancel-requested'
  | 'pause-requested'
  | 'reset-requested'
  | 'reset-requested and kept paused'
  | 'completed'
  | 'failed'
  | 'canceled'
  | 'canceled by its worker'
  | 'terminated'
  | 'timed out'
  | 'deleted';

/** A state: the shortest way into it, and what is seen there. */
export interface State extends Pick<Trace, 'options' | 'started' | 'steps'> {
  readonly sees: Pick<Sighting, 'status' | 'runState' | 'attempt' | 'waits'>;
}

const running = { status: 'running', attempt: 1, waits: false } as const;
const closed = { runState: 'unspecified', attempt: 1, waits: false } as const;
const nowhere = { status: 'absent', runState: 'unspecified', attempt: 0, waits: false } as const;

export const states: Readonly<Record<StateName, State>> = {
  absent: { started: false, steps: [], sees: nowhere },
  delayed: {
    options: { startDelayMs: 60_000 },
    steps: [],
    sees: { ...running, runState: 'scheduled', waits: true },
  },
  scheduled: { steps: [], sees: { ...running, runState: 'scheduled' } },
  'backing off': { steps: ['poll', 'fail'], sees: { ...running, runState: 'scheduled', attempt: 2, waits: true } },
  paused: { steps: ['pause'], sees: { ...running, status: 'paused', runState: 'paused' } },
  'paused before a retry': {
    steps: ['poll', 'pause', 'fail'],
    sees: { ...running, status: 'paused', runState: 'paused', attempt: 2 },
  },
  started: { steps: ['poll'], sees: { ...running, runState: 'started' } },
  'cancel-requested': { steps: ['poll', 'request-cancel'], sees: { ...running, runState: 'cancel-requested' } },
  'pause-requested': { steps: ['poll', 'pause'], sees: { ...running, runState: 'pause-requested' } },
  'reset-requested': { steps: ['poll', 'reset'], sees: { ...running, runState: 'started' } },
  'reset-requested and kept paused': {
    steps: ['poll', 'pause', 'reset-keeping-pause'],
    sees: { ...running, runState: 'pause-requested' },
  },
  completed: { steps: ['poll', 'complete'], sees: { ...closed, status: 'completed' } },
  failed: { steps: ['poll', 'fail-for-good'], sees: { ...closed, status: 'failed' } },
  canceled: { steps: ['request-cancel'], sees: { ...closed, status: 'canceled' } },
  'canceled by its worker': {
    steps: ['poll', 'request-cancel', 'report-canceled'],
    sees: { ...closed, status: 'canceled' },
  },
  terminated: { steps: ['terminate'], sees: { ...closed, status: 'terminated' } },
  'timed out': {
    options: { heartbeatTimeoutMs: shortMs, retryPolicy: { ...usualOptions.retryPolicy, attemptsMax: 1 } },
    steps: ['poll', 'heartbeat-elapses'],
    sees: { ...closed, status: 'timed-out' },
  },
  deleted: { steps: ['poll', 'delete'], sees: nowhere },
};

/** Open, and no worker has it. */
export const waiting = ['delayed', 'scheduled', 'backing off', 'paused', 'paused before a retry'] as const;
/** A worker has it. */
export const inProgress = [
  'started',
  'cancel-requested',
  'pause-requested',
  'reset-requested',
  'reset-requested and kept paused',
] as const;
export const open = [...waiting, ...inProgress] as const;
export const ended = ['completed', 'failed', 'canceled', 'canceled by its worker', 'terminated', 'timed out'] as const;
export const gone = ['absent', 'deleted'] as const;

/** The states of a list without some. */
export const without = (from: readonly StateName[], ...some: readonly StateName[]): readonly StateName[] =>
  from.filter((state) => !some.includes(state));

/** What the reference's messages call a state. */
export const referenceName: Readonly<Record<Exclude<StateName, 'absent' | 'deleted'>, string>> = {
  delayed: 'Scheduled',
  scheduled: 'Scheduled',
  'backing off': 'Scheduled',
  paused: 'Paused',
  'paused before a retry': 'Paused',
  started: 'Started',
  'cancel-requested': 'CancelRequested',
  'pause-requested': 'PauseRequested',
  'reset-requested': 'ResetRequested',
  'reset-requested and kept paused': 'ResetRequested',
  completed: 'Completed',
  failed: 'Failed',
  canceled: 'Canceled',
  'canceled by its worker': 'Canceled',
  terminated: 'Terminated',
  'timed out': 'TimedOut',
};
