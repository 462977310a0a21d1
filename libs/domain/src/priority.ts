import { invalid, ok, type Checked } from './checked.ts';
import { utf8Length } from './utf8.ts';

/** What of an activity says which waiting tasks of a queue go first. Semantics section 1.1. */
export interface Priority {
  /** 1 goes before 5; 0 is none, which is as good as 3. */
  readonly priorityKey: number;
  /** Whose task it is; empty is nobody's. Kept and shown; tasks of one level go in the order they came. */
  readonly fairnessKey: string;
  /** 0 is none, which is as good as 1. */
  readonly fairnessWeight: number;
}

/** Levels of a task queue, 1 the most urgent (`matching.priorityLevels`). */
export const priorityLevelMax = 5;
export const priorityLevelDefault = 3;

const fairnessKeyBytesMax = 64;

/** The level a key stands for: one beyond the last is the last, never an error. Semantics section 1.1. */
export const priorityLevel = (priorityKey: number): number =>
  priorityKey === 0 ? priorityLevelDefault : Math.min(priorityKey, priorityLevelMax);

/** Every default filled in, checked. Semantics section 1.1. */
export function normalisePriority(request: Partial<Priority>): Checked<Priority> {
  const { priorityKey = 0, fairnessKey = '', fairnessWeight = 0 } = request;
  if (!Number.isSafeInteger(priorityKey))
    return wrong(`priority key must be a whole number, got ${String(priorityKey)}`);
  if (priorityKey > 2 ** 31 - 1)
    return wrong(`priority key cannot exceed ${String(2 ** 31 - 1)}, got ${String(priorityKey)}`);
  if (priorityKey < 0) return wrong("priority key can't be negative");
  if (utf8Length(fairnessKey) > fairnessKeyBytesMax) return wrong('fairness key length exceeds limit');
  // NaN too
  if (!(fairnessWeight >= 0)) return wrong('must be greater than zero');
  return ok({ priorityKey, fairnessKey, fairnessWeight });
}

const wrong = (message: string): Checked<never> => invalid(`invalid priorities: ${message}`);
