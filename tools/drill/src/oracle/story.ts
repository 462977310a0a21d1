import type { Noted } from '../journal.ts';
import type { Fact } from './facts.ts';

export type NotedOf<N extends Noted['note']> = Extract<Noted, { readonly note: N }>;
export type FactOf<F extends Fact['fact']> = Extract<Fact, { readonly fact: F }>;

/** All that is known of one activity: what was noted of it, and what the topics say. */
export class Story {
  readonly id: string;
  readonly notes: readonly Noted[];
  readonly facts: readonly Fact[];

  constructor(id: string, notes: readonly Noted[], facts: readonly Fact[]) {
    this.id = id;
    this.notes = notes;
    this.facts = facts;
  }

  noted<N extends Noted['note']>(note: N): readonly NotedOf<N>[] {
    return this.notes.filter((each): each is NotedOf<N> => each.note === note);
  }

  known<F extends Fact['fact']>(fact: F): readonly FactOf<F>[] {
    return this.facts.filter((each): each is FactOf<F> => each.fact === fact);
  }

  /** In the order in which they were decided; those of one topic in that in which they were committed. */
  get states(): readonly FactOf<'state'>[] {
    return this.known('state').toSorted((a, b) => a.offset - b.offset || a.place - b.place);
  }

  /** In the order in which they were decided; a grant that was told again is there once. */
  get grants(): readonly FactOf<'granted'>[] {
    const latestFirst = this.known('granted').toSorted((a, b) => b.offset - a.offset);
    const first = new Map(latestFirst.map((grant) => [grant.claimId, grant]));
    return [...first.values()].toSorted((a, b) => a.offset - b.offset);
  }

  /** The offset of the command that ended it; `undefined` while it is open. */
  get endOffset(): number | undefined {
    return this.states.find(({ outcome }) => outcome !== undefined)?.offset;
  }

  /** The offsets of the commands that began it: one for each life of the id. */
  get lives(): ReadonlySet<number> {
    return new Set([
      ...this.known('scheduled').map(({ offset }) => offset),
      ...this.known('granted').map(({ scheduleOffset }) => scheduleOffset),
      ...this.known('state').map(({ scheduleOffset }) => scheduleOffset),
    ]);
  }

  get isAccepted(): boolean {
    return this.notes.some(({ note }) => note === 'accepted');
  }
}

/** One story for each activity that anyone speaks of. */
export function storiesOf(notes: readonly Noted[], facts: readonly Fact[]): readonly Story[] {
  const notesById = Map.groupBy(notes, ({ id }) => id);
  const factsById = Map.groupBy(facts, ({ id }) => id);
  const ids = new Set([...notesById.keys(), ...factsById.keys()]);
  return Array.from(ids, (id) => new Story(id, notesById.get(id) ?? [], factsById.get(id) ?? []));
}
