import { activityCommandTypes, outcomeOf, wayNames, ways } from './commands.fixture.ts';
import { inClosedRunIn, inRunIn, standaloneIn, stateNames } from './states.fixture.ts';

/**
 * Every state × every command of a standalone activity (semantics sections 1.5, 2.1 and 2.4).
 *
 * A cell is the new status (2: of the second attempt; *: a task is sent; !: the worker is told; ×: it is removed), `=` for accepted
 * without a change, or `-` and why it is refused. A question mark is short for `-requested`.
 */
const table = `
                           | absent | delayed | scheduled | backing off | started  | cancel?  | pause?   | reset?   | paused | completed | failed | canceled | terminated | timed-out
Schedule                   | sched* | -taken  | -taken    | -taken      | -taken   | -taken   | -taken   | -taken   | -taken | sched*    | sched* | sched*   | sched*     | sched*
Schedule, use existing     | sched* | sched   | sched     | sched2      | started  | cancel?  | pause?   | reset?   | paused | sched*    | sched* | sched*   | sched*     | sched*
Schedule, reject duplicate | sched* | -taken  | -taken    | -taken      | -taken   | -taken   | -taken   | -taken   | -taken | -taken    | -taken | -taken   | -taken     | -taken
Schedule, repeated         | sched* | =       | =         | =           | =        | =        | =        | =        | =      | =         | =      | =        | =          | =
Claim                      | -none  | -early  | started   | -early      | =        | =        | =        | =        | -state | -none     | -none  | -none    | -none      | -none
Claim, other               | -none  | -early  | started   | -early      | -claimed | -claimed | -claimed | -claimed | -state | -none     | -none  | -none    | -none      | -none
Claim, stale               | -none  | -stale  | -stale    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
Claim by id                | -none  | -early  | started   | -early      | =        | =        | =        | =        | -state | -none     | -none  | -none    | -none      | -none
RecordHeartbeat            | -none  | -none   | -none     | -none       | started  | cancel?  | pause?   | reset?   | -none  | -none     | -none  | -none    | -none      | -none
RecordHeartbeat, stale     | -none  | -stale  | -stale    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
RecordHeartbeat by id      | -none  | -none   | -none     | -none       | started  | cancel?  | pause?   | reset?   | -none  | -none     | -none  | -none    | -none      | -none
Complete                   | -none  | -none   | -none     | -none       | COMPL    | COMPL    | COMPL    | COMPL    | -none  | -none     | -none  | -none    | -none      | -none
Complete, stale            | -none  | -stale  | -stale    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
Complete by id             | -none  | COMPL   | COMPL     | COMPL2      | COMPL!   | COMPL!   | COMPL!   | COMPL!   | COMPL  | -none     | -none  | -none    | -none      | -none
Fail                       | -none  | -none   | -none     | -none       | sched2   | FAILED   | paused2  | sched*   | -none  | -none     | -none  | -none    | -none      | -none
Fail, stale                | -none  | -stale  | -stale    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
Fail by id                 | -none  | -none   | -none     | -none       | sched2!  | FAILED!  | paused2! | sched*!  | -none  | -none     | -none  | -none    | -none      | -none
ReportCanceled             | -none  | -none   | -none     | -none       | -input   | CANCEL   | -input   | -input   | -none  | -none     | -none  | -none    | -none      | -none
ReportCanceled, stale      | -none  | -stale  | -stale    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
ReportCanceled by id       | -none  | -none   | -none     | -none       | -input   | CANCEL!  | -input   | -input   | -none  | -none     | -none  | -none    | -none      | -none
RequestCancel              | -none  | CANCEL  | CANCEL    | CANCEL2     | cancel?! | -state   | cancel?! | cancel?! | CANCEL | -state    | -state | -state   | -state     | -state
RequestCancel, repeated    | -none  | CANCEL  | CANCEL    | CANCEL2     | cancel?! | =        | cancel?! | cancel?! | CANCEL | -state    | -state | =        | -state     | -state
Terminate                  | -none  | TERM    | TERM      | TERM2       | TERM!    | TERM!    | TERM!    | TERM!    | TERM   | -state    | -state | -state   | -state     | -state
Terminate, repeated        | -none  | TERM    | TERM      | TERM2       | TERM!    | TERM!    | TERM!    | TERM!    | TERM   | -state    | -state | -state   | =          | -state
Delete                     | -none  | TERM×   | TERM×     | TERM2×      | TERM!×   | TERM!×   | TERM!×   | TERM!×   | TERM×  | ×         | ×      | ×        | ×          | ×
CloseWithRun               | -none  | -state  | -state    | -state      | -state   | -state   | -state   | -state   | -state | -none     | -none  | -none    | -none      | -none
Pause                      | -none  | paused  | paused    | paused2     | pause?!  | -state   | -state   | -state   | -state | -state    | -state | -state   | -state     | -state
Pause, repeated            | -none  | paused  | paused    | paused2     | pause?!  | -state   | =        | -state   | =      | -state    | -state | -state   | -state     | -state
Unpause                    | -none  | -state  | -state    | -state      | -state   | -state   | started  | -state   | sched* | -state    | -state | -state   | -state     | -state
Reset                      | -none  | sched   | sched*    | sched*      | reset?!  | -state   | reset?!  | -state   | sched* | -state    | -state | -state   | -state     | -state
Reset, keep paused         | -none  | sched   | sched*    | sched*      | reset?!  | -state   | reset?!  | -state   | paused | -state    | -state | -state   | -state     | -state
Reset, repeated            | -none  | sched   | sched*    | sched*      | reset?!  | -state   | reset?!  | =        | sched* | -state    | -state | -state   | -state     | -state
UpdateOptions              | -none  | sched   | sched*    | sched2      | started  | -state   | pause?   | -state   | paused | -state    | -state | -state   | -state     | -state
TimeOut schedule-to-start  | -none  | TIMED   | TIMED     | TIMED2      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
TimeOut schedule-to-close  | -none  | TIMED   | TIMED     | TIMED2      | TIMED!   | TIMED!   | TIMED!   | TIMED!   | TIMED  | -none     | -none  | -none    | -none      | -none
TimeOut start-to-close     | -none  | -stale  | -stale    | -stale      | sched2!  | TIMED!   | paused2! | sched*!  | -stale | -none     | -none  | -none    | -none      | -none
TimeOut heartbeat          | -none  | -stale  | -stale    | -stale      | sched2!  | TIMED!   | paused2! | sched*!  | -stale | -none     | -none  | -none    | -none      | -none
DispatchDue                | -none  | sched*  | -stale    | sched2*     | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
Redispatch                 | -none  | -stale  | sched*    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
FailDispatch               | -none  | -stale  | FAILED    | -stale      | -stale   | -stale   | -stale   | -stale   | -stale | -none     | -none  | -none    | -none      | -none
`;

/** In a workflow run an open id is taken, whatever the conflict policy says; a closed one is free, unless the reuse policy says no. */
const inRunRows = `
Schedule, use existing     | sched* | -taken  | -taken    | -taken      | -taken   | -taken   | -taken   | -taken   | -taken | sched*    | sched* | sched*   | sched*     | sched*
Schedule, reject duplicate | sched* | -taken  | -taken    | -taken      | -taken   | -taken   | -taken   | -taken   | -taken | -taken    | -taken | -taken   | -taken     | -taken
`;

/** Of a closed run nothing is found, and nothing starts in it. Its open activities end with it. */
const inClosedRunRows = `
Schedule                   | -state | -state  | -state    | -state      | -state   | -state   | -state   | -state   | -state | -state    | -state | -state   | -state     | -state
Schedule, use existing     | -state | -state  | -state    | -state      | -state   | -state   | -state   | -state   | -state | -state    | -state | -state   | -state     | -state
Schedule, reject duplicate | -state | -state  | -state    | -state      | -state   | -state   | -state   | -state   | -state | -state    | -state | -state   | -state     | -state
Schedule, repeated         | -state | =       | =         | =           | =        | =        | =        | =        | =      | =         | =      | =        | =          | =
CloseWithRun               | -none  | TERM    | TERM      | TERM2       | TERM!    | TERM!    | TERM!    | TERM!    | TERM   | -none     | -none  | -none    | -none      | -none
`;

type Cells = ReadonlyMap<string, readonly string[]>;

const rowsOf = (text: string): Cells =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([name = '', ...cells]) => [name, cells]),
  );

const columns = table.trimStart().split('\n')[0]?.split('|').slice(1) ?? [];
const standaloneCells = rowsOf(table.trimStart().split('\n').slice(1).join('\n'));
const inRunCells: Cells = new Map([...standaloneCells, ...rowsOf(inRunRows)]);
const inClosedRunCells = rowsOf(inClosedRunRows);

test('the table has every state, every command and every cell', () => {
  expect(columns.map((column) => column.trim().replace('?', '-requested'))).toEqual(stateNames);
  expect([...standaloneCells.keys()]).toEqual(wayNames);
  expect(new Set(Object.values(ways).map(({ type }) => type))).toEqual(new Set(activityCommandTypes));
  for (const cells of [...inRunCells.values(), ...inClosedRunCells.values()]) {
    expect(cells).toHaveLength(stateNames.length);
    expect(cells).not.toContain('');
  }
});

describe.each(wayNames.map((way) => ({ way })))('$way', ({ way }) => {
  test.each(stateNames.map((state, column) => ({ state, expected: standaloneCells.get(way)?.[column] })))(
    'of a standalone activity that is $state: $expected',
    ({ state, expected }) => {
      expect(outcomeOf(standaloneIn(state), way)).toBe(expected);
    },
  );

  test('of an activity of an open workflow run', () => {
    expect(stateNames.map((state) => outcomeOf(inRunIn(state), way))).toEqual(inRunCells.get(way));
  });

  test('of an activity of a closed workflow run', () => {
    const notFound = stateNames.map(() => '-none');
    expect(stateNames.map((state) => outcomeOf(inClosedRunIn(state), way))).toEqual(
      inClosedRunCells.get(way) ?? notFound,
    );
  });
});

test('a refusal changes nothing', () => {
  for (const state of stateNames) {
    for (const way of wayNames) {
      const stage = standaloneIn(state);
      const before = [...stage.state.activities()];
      if (outcomeOf(stage, way).startsWith('-')) expect([...stage.state.activities()]).toEqual(before);
    }
  }
});
