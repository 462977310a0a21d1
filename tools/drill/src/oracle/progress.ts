import { partitionKey } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import type { Noted } from '../journal.ts';
import { kinds, runKinds } from '../load/kinds.ts';

/** What someone must do for a note to come about, each in every partition. */
const parts = {
  scheduler: Object.keys(kinds),
  'timeout-tracker': ['delayed', 'nobody', 'endless', 'flaky', 'polled-flaky'],
  cancellation: Object.keys(runKinds),
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What has moved since a moment, as far as journals tell. */
export class Progress {
  readonly #partitions: number;
  readonly #missing: Set<string>;
  readonly #kindOf = new Map<string, string>();

  /** @param workers who must run something. */
  constructor(partitions: number, workers: readonly string[]) {
    this.#partitions = partitions;
    const numbers = Array.from({ length: partitions }, (_, partition) => partition);
    this.#missing = new Set([
      ...Object.keys(parts).flatMap((part) => numbers.map((partition) => whatOf(part, partition))),
      ...workers,
    ]);
  }

  /** Who has not moved anything yet. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  /** @param since what was noted before counts for nothing. */
  add(notes: readonly Noted[], since: number): void {
    for (const note of notes) {
      if (note.note === 'asked') this.#kindOf.set(note.id, note.kind);
      if (note.at < since) continue;
      if (note.note === 'ran') this.#missing.delete(note.who);
      if (note.note === 'told') this.#told(note.id);
    }
  }

  #told(id: string): void {
    const kind = this.#kindOf.get(id) ?? '';
    const partition = partitionFor(partitionKey(placeOf(id, kind)), this.#partitions);
    for (const [part, moved] of Object.entries(parts)) {
      if ((moved as readonly string[]).includes(kind)) this.#missing.delete(whatOf(part, partition));
    }
  }
}

const whatOf = (part: string, partition: number): string => `${part} of partition ${String(partition)}`;

/** An activity of a run has the id of its workflow before its kind. */
const placeOf = (id: string, kind: string) => ({
  namespace: 'default',
  workflowId: kind in runKinds ? id.slice(0, -kind.length - 1) : '',
  activityId: id,
});
