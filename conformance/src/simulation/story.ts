import { executionKey, type Command, type StateRecord } from '@ratchet/domain';
import type { Noted, Read } from '@ratchet/tools-drill/oracle';
import type { LogEntry } from './simulated-log.ts';
import { beginning, type HistoryLine } from './world.ts';

/** All that is known of what happened in a world. */
export interface Past {
  /** Faults, and who has taken what over. */
  readonly history: readonly HistoryLine[];
  readonly notes: readonly Noted[];
  readonly commands: readonly Read<Command>[];
  readonly states: readonly Read<StateRecord>[];
}

interface Line {
  readonly at: number;
  readonly text: string;
}

/** Lines of a story that stand for all of them; the latest. */
const linesMax = 150;

/**
 * What concerns one execution, in the order of time: its commands and committed states, what clients and workers have noted of
 * it, and the faults meanwhile.
 */
export function storyOf({ history, notes, commands, states }: Past, about: string | undefined): readonly string[] {
  const own: readonly Line[] = about === undefined ? [] : [...commandsOf(commands, about), ...statesOf(states, about)];
  const noted = notes.flatMap(({ at, who, id, ...note }) =>
    id === about ? [{ at, text: `${who}: ${JSON.stringify(note)}` }] : [],
  );
  const lines = [...own, ...noted];
  const first = Math.min(...lines.map(({ at }) => at));
  const last = Math.max(...lines.map(({ at }) => at));
  const faults = history.filter(({ at }) => lines.length === 0 || (at >= first - 5_000 && at <= last));
  return [...lines, ...faults]
    .toSorted((a, b) => a.at - b.at)
    .slice(-linesMax)
    .map(({ at, text }) => `${at.toFixed(0).padStart(8)} ms  ${text}`);
}

const commandsOf = (commands: readonly Read<Command>[], about: string): readonly Line[] =>
  commands.flatMap(({ record, value }) => {
    if (!('target' in value) || executionKey(value.target) !== about) return [];
    return [{ at: timeOf(record), text: `command ${placeOf(record)}: ${textOfCommand(value)}` }];
  });

const statesOf = (states: readonly Read<StateRecord>[], about: string): readonly Line[] =>
  states.flatMap(({ record, value }) => {
    if (value.type !== 'ActivitySnapshot' || executionKey(value.activity.id) !== about) return [];
    const { status, attempt, version } = value.activity;
    const text = `state ${placeOf(record)}: ${status}, attempt ${String(attempt)}, by command ${String(version)}`;
    return [{ at: timeOf(record), text }];
  });

const placeOf = ({ partition, offset }: Read<unknown>['record']): string => `${String(partition)}@${String(offset)}`;

/** On the log's clock. */
const timeOf = (record: Read<unknown>['record']): number => (record as LogEntry).timestampMs - beginning;

function textOfCommand({ type, identity, ...command }: Command): string {
  const attempt =
    'attempt' in command && command.attempt.by === 'token' ? ` of attempt ${String(command.attempt.attempt)}` : '';
  const timeout = 'timeoutType' in command ? ` ${command.timeoutType}` : '';
  const from = command.forwardedFrom === undefined ? '' : ` (forwarded from ${String(command.forwardedFrom.offset)})`;
  return `${type}${timeout}${attempt} by ${identity}${from}`;
}
