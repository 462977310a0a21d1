import type { StateName } from './states.ts';
import type { Sighting, Step, Trace } from './trace.ts';

/** What must be seen after a call, where it is not what was seen before it. */
export type Cell = Partial<Sighting>;

/** What a call does in each state it can meet: every such state stands in exactly one cell. */
export interface Rule extends Pick<Trace, 'options'> {
  /** The step that makes the call; `name` tells apart two rules of one step. */
  readonly call: Step;
  readonly name?: string;
  /** By token: whoever calls holds the token of an attempt, if only of a former life of the id. */
  readonly by?: 'token';
  readonly cells: readonly (readonly [states: readonly StateName[], cell: Cell | ((state: StateName) => Cell)])[];
}

/** There is no such activity. */
export const unknown: Cell = { answer: 'not-found', message: 'activity not found for ID: conformance' };
/** It is accepted, and changes nothing. */
export const unchanged: Cell = { answer: 'ok', message: '' };
/** Refused: the state does not allow it. */
export const precondition = (message: string): Cell => ({ answer: 'failed-precondition', message });

export const ruleName = ({ name, call }: Pick<Rule, 'name' | 'call'>): string => name ?? call;
