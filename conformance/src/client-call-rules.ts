import { precondition, unchanged, unknown, type Cell, type Rule } from './rule.ts';
import { ended, gone, inProgress, open, referenceName, states, waiting, without, type StateName } from './states.ts';

const taken: Cell = { answer: 'already-exists', message: 'activity execution already started' };
/** A new life: what the start's options make of it. */
const begun = (state: StateName): Cell => ({
  ...states[state === 'delayed' ? 'delayed' : 'scheduled'].sees,
  answer: 'ok',
  failure: '',
  lastFailure: '',
});

const canceled: Cell = {
  answer: 'ok',
  status: 'canceled',
  runState: 'unspecified',
  waits: false,
  failure: 'Activity canceled',
  failureType: 'canceled',
  details: 'cancelled on purpose',
  endedBy: 'client',
  retryState: 'unspecified',
};
const cancelRequested: Cell = { answer: 'ok', status: 'running', runState: 'cancel-requested', waits: false };
const terminated: Cell = {
  answer: 'ok',
  status: 'terminated',
  runState: 'unspecified',
  waits: false,
  failure: 'terminated on purpose',
  failureType: 'terminated',
  endedBy: 'client',
  retryState: 'unspecified',
};
const inTerminalState = (state: StateName): Cell =>
  precondition(`activity is in terminal state ${referenceName[state as keyof typeof referenceName]}`);

const asked = ['cancel-requested'] as const;
const canceledOnes = ['canceled', 'canceled by its worker'] as const;

/** What a client asks for: semantics sections 1.5, 2.1 and 2.4. */
export const clientCallRules: readonly Rule[] = [
  {
    call: 'start-again',
    cells: [
      [open, taken],
      [[...ended, ...gone], begun],
    ],
  },
  {
    call: 'start-again-with-same-request',
    cells: [
      [[...open, ...ended], unchanged],
      [gone, begun],
    ],
  },
  {
    call: 'start-again-using-existing',
    cells: [
      [open, unchanged],
      [[...ended, ...gone], begun],
    ],
  },
  {
    call: 'start-again-rejecting-duplicates',
    cells: [
      [[...open, ...ended], taken],
      [gone, begun],
    ],
  },
  {
    call: 'start-again-if-failed',
    cells: [
      [[...open, 'completed'], taken],
      [[...without(ended, 'completed'), ...gone], begun],
    ],
  },
  {
    call: 'request-cancel',
    cells: [
      [waiting, canceled],
      [without(inProgress, ...asked), cancelRequested],
      // The same request again, which brought it there.
      [[...asked, ...canceledOnes], unchanged],
      [without(ended, ...canceledOnes), inTerminalState],
      [gone, unknown],
    ],
  },
  {
    call: 'request-cancel-with-other-request',
    cells: [
      [waiting, canceled],
      [without(inProgress, ...asked), cancelRequested],
      [asked, precondition('cancellation already requested with request ID cancel-1')],
      [ended, inTerminalState],
      [gone, unknown],
    ],
  },
  {
    call: 'terminate',
    cells: [
      [open, terminated],
      [['terminated'], unchanged],
      [without(ended, 'terminated'), precondition('invalid transition')],
      [gone, unknown],
    ],
  },
  {
    call: 'terminate-with-other-request',
    cells: [
      [open, terminated],
      [['terminated'], precondition('already terminated with request ID terminate-1')],
      [without(ended, 'terminated'), precondition('invalid transition')],
      [gone, unknown],
    ],
  },
  {
    call: 'describe',
    cells: [
      [[...open, ...ended], unchanged],
      [gone, unknown],
    ],
  },
  {
    call: 'await-outcome',
    cells: [
      [open, { answer: 'pending' }],
      [ended, unchanged],
      [gone, unknown],
    ],
  },
  {
    call: 'delete',
    cells: [
      [[...open, ...ended], { ...states.deleted.sees, answer: 'ok' }],
      [gone, unknown],
    ],
  },
];
