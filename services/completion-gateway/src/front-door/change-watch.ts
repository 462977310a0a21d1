import { executionKey, type ExecutionId, type Offset } from '@ratchet/domain';
import type { ActivitySeen } from './activity-calls.ts';

/** A change is looked for as often as this at first, and ever more rarely the longer there is none. */
const lookMsMin = 250;
const lookMsMax = 5_000;

interface Watcher {
  /** What it has seen. */
  readonly version: Offset;
  readonly resolve: (seen: ActivitySeen | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One activity, and who waits for its change. */
interface Watched {
  readonly key: string;
  readonly target: ExecutionId;
  readonly watchers: Set<Watcher>;
  lookMs: number;
  /** Until the next look; absent while it is looked at. */
  timer: NodeJS.Timeout | undefined;
  isLookedAt: boolean;
}

/** Waits for changes of activities. However many wait for the change of one, the log is asked for all of them together. */
export class ChangeWatch {
  readonly #describe: (target: ExecutionId) => Promise<ActivitySeen>;
  readonly #watched = new Map<string, Watched>();

  /** @param describe gives an activity as it stands. */
  constructor(describe: (target: ExecutionId) => Promise<ActivitySeen>) {
    this.#describe = describe;
  }

  /**
   * The activity, once it is no longer at `version`.
   *
   * @returns nothing when `signal` came first.
   * @throws (rejects) what `describe` throws.
   */
  async changed(target: ExecutionId, version: Offset, signal: AbortSignal): Promise<ActivitySeen | undefined> {
    if (signal.aborted) return undefined;
    const watched = this.#watch(target);
    const { promise, resolve, reject } = Promise.withResolvers<ActivitySeen | undefined>();
    const watcher: Watcher = { version, resolve, reject };
    const leave = (): void => {
      resolve(undefined);
    };
    watched.watchers.add(watcher);
    signal.addEventListener('abort', leave, { once: true });
    if (!watched.isLookedAt) void this.#look(watched);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
      this.#forget(watched, watcher);
    }
  }

  #watch(target: ExecutionId): Watched {
    const key = executionKey(target);
    const former = this.#watched.get(key);
    if (former !== undefined) {
      former.lookMs = lookMsMin;
      return former;
    }
    const watchers = new Set<Watcher>();
    const watched: Watched = { key, target, watchers, lookMs: lookMsMin, timer: undefined, isLookedAt: false };
    this.#watched.set(key, watched);
    return watched;
  }

  /** Never rejects. Who comes while it is looked at is told by the next look. */
  async #look(watched: Watched): Promise<void> {
    clearTimeout(watched.timer);
    watched.isLookedAt = true;
    const present = [...watched.watchers];
    try {
      const seen = await this.#describe(watched.target);
      for (const { version, resolve } of present) if (seen.activity.version !== version) resolve(seen);
    } catch (error) {
      for (const { reject } of present) reject(error);
    }
    watched.isLookedAt = false;
    if (watched.watchers.size === 0) return;
    watched.timer = setTimeout(() => void this.#look(watched), watched.lookMs);
    watched.lookMs = Math.min(watched.lookMs * 1.5, lookMsMax);
  }

  #forget(watched: Watched, watcher: Watcher): void {
    watched.watchers.delete(watcher);
    if (watched.watchers.size > 0) return;
    clearTimeout(watched.timer);
    this.#watched.delete(watched.key);
  }
}
