import { precondition, unchanged, unknown, type Cell, type Rule } from './rule.ts';
import { ended, gone, open, referenceName, states, waiting, without, type StateName } from './states.ts';

const becomes = (state: StateName): Cell => ({ ...states[state].sees, answer: 'ok' });

const refusedIn =
  (said: string) =>
  (state: StateName): Cell =>
    precondition(`${said} ${referenceName[state as keyof typeof referenceName]}`);
const nonPausable = refusedIn('activity is in non-pausable state');
const nonUnpausable = refusedIn('activity is in non-unpausable state');
const terminal = refusedIn('activity is in terminal state');
const cannotUpdate = refusedIn('Cannot update options for activity in state');
const cannotReset = (why: string): Cell => precondition(`cannot reset an activity with a pending ${why}`);
const notRunning = precondition('activity execution is not running');

const pausable = ['delayed', 'scheduled', 'backing off'] as const;
const paused = ['paused', 'paused before a retry'] as const;
const resetting = ['reset-requested', 'reset-requested and kept paused'] as const;

/** A pause holds back what waits, whichever attempt it is. */
const pausedThen = (state: StateName): Cell => ({ ...becomes('paused'), attempt: states[state].sees.attempt });
/** A start delay is honoured, a backoff is dropped. */
const restarted = (state: StateName): Cell => becomes(state === 'delayed' ? 'delayed' : 'scheduled');

const updatable: readonly StateName[] = [...waiting, 'started', 'pause-requested'];
const updating: Rule['cells'] = [
  [updatable, unchanged],
  [[...without(open, ...updatable), ...ended], cannotUpdate],
  [gone, unknown],
];

/** What an operator asks for: semantics sections 2.1 and 2.4. */
export const operatorCallRules: readonly Rule[] = [
  {
    call: 'pause',
    cells: [
      [pausable, pausedThen],
      [['started'], becomes('pause-requested')],
      // The same request again, which brought it there.
      [[...paused, 'pause-requested', 'reset-requested and kept paused'], unchanged],
      [['cancel-requested', 'reset-requested', ...ended], nonPausable],
      [gone, unknown],
    ],
  },
  {
    call: 'pause-with-other-request',
    cells: [
      [pausable, pausedThen],
      [['started'], becomes('pause-requested')],
      [[...paused, 'pause-requested', 'cancel-requested', ...resetting, ...ended], nonPausable],
      [gone, unknown],
    ],
  },
  {
    call: 'unpause',
    cells: [
      [['paused'], becomes('scheduled')],
      [['paused before a retry'], becomes('backing off')],
      [['pause-requested'], becomes('started')],
      [[...pausable, 'started', 'cancel-requested', ...resetting], nonUnpausable],
      [ended, terminal],
      [gone, unknown],
    ],
  },
  {
    call: 'reset-with-other-request',
    cells: [
      [waiting, restarted],
      [['started', 'pause-requested'], becomes('reset-requested')],
      [['cancel-requested'], cannotReset('cancellation')],
      [resetting, cannotReset('reset')],
      [ended, notRunning],
      [gone, unknown],
    ],
  },
  {
    call: 'reset-keeping-pause-with-other-request',
    cells: [
      [pausable, restarted],
      [paused, becomes('paused')],
      [['started'], becomes('reset-requested')],
      [['pause-requested'], becomes('reset-requested and kept paused')],
      [['cancel-requested'], cannotReset('cancellation')],
      [resetting, cannotReset('reset')],
      [ended, notRunning],
      [gone, unknown],
    ],
  },
  { call: 'move-to-other-queue', cells: updating },
  { call: 'restore-options', cells: updating },
];
