import type { Command } from './command.ts';
import { ways } from './commands.fixture.ts';
import { currentRules } from './rules.ts';
import {
  acknowledgeSignals,
  applicationFailure,
  expireBefore,
  openRun,
  options,
  signalRun,
  useRules,
  type Stage,
} from './stage.fixture.ts';
import { inRunIn, standaloneIn, type StateName } from './states.fixture.ts';
import { epochMillis, millis } from './units.ts';

// An invariant that breaks stops a partition, so nobody may break one by what is written in a record: whatever numbers it
// carries, a command is refused, or accepted with no harm to what comes after.

const numbers = [NaN, Infinity, -1, 0.5, 2 ** 53 - 1];

const { retryPolicy = {} } = options;

const issuedAt = epochMillis(1);
const reportId = 'report-1';

/** Every number that a command can carry stands in one of these. */
const commandsOf = (stage: Stage): readonly Command[] => [
  ...Object.values(ways).map(({ send }) => send(stage)),
  stage.schedule({
    requestId: 'other',
    target: { ...stage.target, runId: stage.target.workflowId === '' ? 'run-2' : stage.target.runId },
    options: { ...options, startDelayMs: 1, priorityKey: 3, fairnessWeight: 1, retryPolicy },
  }),
  stage.updateOptions({
    scheduleToCloseTimeoutMs: 1,
    scheduleToStartTimeoutMs: 1,
    startToCloseTimeoutMs: 1,
    heartbeatTimeoutMs: 1,
    startDelayMs: 1,
    priorityKey: 3,
    fairnessWeight: 1,
    retryPolicy,
  }),
  stage.requestCancel({ cascaded: true, openBefore: 9 }),
  stage.fail(applicationFailure('late', { nextRetryDelayMs: millis(1) }), { reportId, issuedAt }),
  stage.complete({ reportId, issuedAt }),
  openRun({ run: { namespace: 'default', workflowId: 'other', runId: 'run-1' }, timeoutMs: millis(1) }),
  signalRun('signal-1', { issuedAt }),
  acknowledgeSignals(1),
  expireBefore(1),
  useRules(1),
];

/** Enough to meet every limit and the next attempt. */
const laterOn = (stage: Stage): readonly Command[] => [
  stage.dispatchDue(),
  stage.claim(),
  stage.heartbeat(),
  stage.fail(),
  stage.dispatchDue(),
  stage.timeOut('schedule-to-close'),
  expireBefore(stage.now),
];

/** The value with another number in one place, for every place in which it has one. */
function* withNumber(value: unknown, number: number): Generator {
  if (typeof value === 'number') yield number;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  for (const [field, inner] of Object.entries(value))
    for (const changed of withNumber(inner, number))
      yield Array.isArray(value) ? value.with(Number(field), changed) : { ...value, [field]: changed };
}

const states: readonly StateName[] = ['absent', 'backing off', 'started', 'completed'];

test.each(states.flatMap((state) => [1, currentRules].map((rules) => ({ state, rules }))))(
  'under rules $rules no number breaks an invariant for one that is $state, nor later',
  ({ state, rules }) => {
    for (const stageIn of [standaloneIn, inRunIn]) {
      const count = commandsOf(stageIn(state)).length;
      for (const number of numbers)
        for (let index = 0; index < count; index++) {
          for (const command of withNumber(commandsOf(stageIn(state))[index], number)) {
            const stage = stageIn(state).at(2000);
            stage.rules = rules;
            expect(() => {
              stage.send(command as Command);
              for (const later of laterOn(stage)) stage.at(stage.now + 10_000).send(later);
            }).not.toThrow();
          }
        }
    }
  },
);
