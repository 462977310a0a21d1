/** What has become of the activity when the reason comes. Each running attempt has been told of what was asked before. */
export type TableState =
  | 'scheduled'
  | 'backing off'
  | 'paused'
  | 'started'
  | 'pause-requested'
  | 'reset-requested'
  | 'cancel-requested'
  | 'closed';

/** Why it is to stop. */
export type TableReason =
  | 'its scope is cancelled'
  | 'it is terminated'
  | 'its run is closed'
  | 'a limit passes'
  | 'its worker shuts down'
  | 'a heartbeat cannot be converted'
  | 'it is paused'
  | 'it is reset';

/**
 * What its function does about it: lets the failure out, catches it and completes, or finishes a piece of work in a
 * shield and lets it out then.
 */
export const behaviours = ['accept', 'ignore', 'shield'] as const;
export type Behaviour = (typeof behaviours)[number];

export const cancellationTypes = ['TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'] as const;
export type TableCancellationType = (typeof cancellationTypes)[number];

/** What has become of it in the end. What is open stays open for as long as nothing else happens. */
export type TableEnd =
  /** Open: nobody takes the task; waiting for its next attempt; paused. */
  | 'scheduled'
  | 'backing off'
  | 'paused'
  /** Completed: as it was before, by a function that was told nothing, by one that ignored it, by a further attempt. */
  | 'closed'
  | 'undisturbed'
  | 'ignored'
  | 'again'
  | 'canceled'
  | 'terminated'
  | 'timed out';

/** The message of the one failure that is delivered to the attempt that runs; `-`: it is told nothing, or none runs. */
export type Told =
  | '-'
  | 'CANCELLED'
  | 'NOT_FOUND'
  | 'TIMED_OUT'
  | 'WORKER_SHUTDOWN'
  | 'PAUSED'
  | 'RESET'
  | 'HEARTBEAT_DETAILS_CONVERSION_FAILED';

export interface TableCell {
  readonly reason: TableReason;
  readonly state: TableState;
  readonly behaviour: Behaviour;
  readonly type: TableCancellationType;
  readonly told: Told;
  readonly end: TableEnd;
}

type Ends = readonly [told: Told, accept: TableEnd, ignore: TableEnd, shield: TableEnd];
/** A state that is left out has no such reason: nothing runs there that could shut down, say, or no limit fits. */
type Rows = Partial<Record<TableState, Ends>>;

const always = (end: TableEnd): Ends => ['-', end, end, end];

/** What becomes of each state when nothing more happens; also when what happens is refused, or not even asked for. */
const nothing = {
  scheduled: always('scheduled'),
  'backing off': always('backing off'),
  paused: always('paused'),
  started: always('undisturbed'),
  'pause-requested': ['PAUSED', 'paused', 'ignored', 'paused'],
  'reset-requested': ['RESET', 'again', 'ignored', 'again'],
  'cancel-requested': ['CANCELLED', 'canceled', 'ignored', 'canceled'],
  closed: always('closed'),
} as const satisfies Rows;

/** After the end of the activity nobody waits for what its function does: it cannot be ignored. */
const ended = (end: TableEnd): Rows => ({
  scheduled: always(end),
  'backing off': always(end),
  paused: always(end),
  started: ['NOT_FOUND', end, end, end],
  'pause-requested': ['PAUSED', end, end, end],
  'reset-requested': ['RESET', end, end, end],
  'cancel-requested': ['CANCELLED', end, end, end],
  closed: nothing.closed,
});

/** Semantics sections 1.4, 2.1, 2.4 and 2.5, and the section *Cancellation* of the specification. */
const table: Readonly<Record<TableReason, Rows>> = {
  'its scope is cancelled': {
    scheduled: always('canceled'),
    'backing off': always('canceled'),
    paused: always('canceled'),
    started: ['CANCELLED', 'canceled', 'ignored', 'canceled'],
    'pause-requested': ['PAUSED', 'canceled', 'ignored', 'canceled'],
    'reset-requested': ['RESET', 'canceled', 'ignored', 'canceled'],
    'cancel-requested': nothing['cancel-requested'],
    closed: nothing.closed,
  },
  'it is terminated': ended('terminated'),
  'its run is closed': ended('terminated'),
  // Schedule-to-close where nothing runs, else start-to-close of the only attempt; only a reset brings another.
  'a limit passes': {
    scheduled: always('timed out'),
    paused: always('timed out'),
    started: ['TIMED_OUT', 'timed out', 'timed out', 'timed out'],
    'pause-requested': ['PAUSED', 'timed out', 'timed out', 'timed out'],
    'reset-requested': ['RESET', 'again', 'again', 'again'],
    'cancel-requested': ['CANCELLED', 'timed out', 'timed out', 'timed out'],
  },
  'its worker shuts down': {
    started: ['WORKER_SHUTDOWN', 'again', 'ignored', 'again'],
    'pause-requested': nothing['pause-requested'],
    'reset-requested': nothing['reset-requested'],
    'cancel-requested': nothing['cancel-requested'],
  },
  'a heartbeat cannot be converted': {
    started: ['HEARTBEAT_DETAILS_CONVERSION_FAILED', 'again', 'ignored', 'again'],
    'pause-requested': nothing['pause-requested'],
    'reset-requested': nothing['reset-requested'],
    'cancel-requested': nothing['cancel-requested'],
  },
  'it is paused': {
    ...nothing,
    scheduled: always('paused'),
    'backing off': always('paused'),
    started: ['PAUSED', 'paused', 'ignored', 'paused'],
  },
  'it is reset': {
    ...nothing,
    // The backoff is dropped, and so is the pause.
    'backing off': always('again'),
    paused: always('scheduled'),
    started: ['RESET', 'again', 'ignored', 'again'],
    'pause-requested': ['PAUSED', 'again', 'ignored', 'again'],
  },
};

const statesOf = (reason: TableReason): readonly TableState[] => Object.keys(table[reason]) as TableState[];

/** What is abandoned is not even asked. */
function endsOf(reason: TableReason, state: TableState, type: TableCancellationType): Ends {
  const isAsked = reason !== 'its scope is cancelled' || type !== 'ABANDON';
  return (isAsked ? table[reason][state] : undefined) ?? nothing[state];
}

/** Reason x state x behaviour x cancellation type, and what must be seen of each. */
export const cancellationTable: readonly TableCell[] = (Object.keys(table) as TableReason[]).flatMap((reason) =>
  statesOf(reason).flatMap((state) =>
    cancellationTypes.flatMap((type) => {
      const [told, ...ends] = endsOf(reason, state, type);
      return behaviours.map((behaviour, at): TableCell => ({
        reason,
        state,
        behaviour,
        type,
        told,
        end: ends[at] ?? nothing[state][1],
      }));
    }),
  ),
);

/** Reason, state, behaviour and type as a sentence. */
export const cellName = ({ reason, state, behaviour, type }: TableCell): string =>
  `${reason}, ${state}, ${behaviour}, ${type}`;
