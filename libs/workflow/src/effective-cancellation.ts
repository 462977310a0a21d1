import type { CancelledFailure } from '@ratchet/protocol';
import { CancellationScope } from './cancellation-scope.ts';

/** What can cancel something that is started now, in a run. */
export interface EffectiveCancellation {
  /** It is behind a shield: a cancel of the run must not reach it, here or at the server. */
  readonly shielded: boolean;
  /** Why it is cancelled before it begins. */
  readonly cause: CancelledFailure | undefined;
  /** Calls back once. @returns a function that ends it. */
  onCancel(listener: (cause: CancelledFailure) => void): () => void;
}

/**
 * The current scope, and the run's own unless there is a shield between: a function that was not started by `run.execute`
 * belongs to the run all the same.
 */
export function effectiveCancellation(root: CancellationScope): EffectiveCancellation {
  const current = CancellationScope.current() ?? root;
  const shielded = current.shielded;
  const sources = shielded || current === root ? [current] : [current, root];
  return {
    shielded,
    cause: sources.find(({ consideredCancelled }) => consideredCancelled)?.cause,
    onCancel: (listener) => {
      let told = false;
      const once = (cause: CancelledFailure): void => {
        if (told) return;
        told = true;
        listener(cause);
      };
      const ends = sources.map((source) => source.onCancel(once));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}
