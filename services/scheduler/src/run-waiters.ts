import {
  payloadsBytes,
  runKey,
  type AwaitRun,
  type EpochMillis,
  type KnownOfRun,
  type Reply,
  type Signal,
  type WorkflowRun,
} from '@ratchet/domain';
import { Waiters } from './waiters.ts';

/** One answer stays far below what a record may hold; a single signal may be larger than this, and goes alone. */
const signalsBytesMax = 512 * 1024;
/** However many the asker has room for: each comes with its ids, too, and the bytes of its arguments may be none. */
const signalsMax = 100;

type RunDescribed = Extract<Reply['body'], { readonly type: 'RunDescribed' }>;

/**
 * What there is to say to someone who knows so much of a run.
 *
 * @param waiting its signals, in the order of their offsets.
 *
 * @returns nothing when there is no news.
 */
export function newsOf(run: WorkflowRun, waiting: Iterable<Signal>, known: KnownOfRun): RunDescribed | undefined {
  const signals = page(waiting, known);
  if (run.status === known.status && signals.length === 0) return undefined;
  // Nobody outside needs the ids that repetitions are dropped by.
  return { type: 'RunDescribed', run: { ...run, recentSignalIds: [] }, signals };
}

function page(waiting: Iterable<Signal>, { signalName, signalsUpTo, signalCountMax }: KnownOfRun): readonly Signal[] {
  const signals: Signal[] = [];
  const countMax = Math.min(signalCountMax, signalsMax);
  if (countMax <= 0) return signals;
  let bytes = 0;
  for (const signal of waiting) {
    if (signal.offset <= signalsUpTo || (signalName !== '' && signal.name !== signalName)) continue;
    bytes += payloadsBytes(signal.args);
    if (signals.length === countMax || (signals.length > 0 && bytes > signalsBytesMax)) break;
    signals.push(signal);
  }
  return signals;
}

/** Who waits for news of which run. */
export class RunWaiters {
  readonly #waiters = new Waiters<AwaitRun>();

  get count(): number {
    return this.#waiters.count;
  }

  /**
   * A newer question from the same address takes the place of the former. Of a run that is closed there is no more news,
   * and nothing that would end the waiting: nobody waits for it.
   */
  add(run: WorkflowRun, query: AwaitRun, now: EpochMillis): void {
    if (run.status !== 'closed') this.#waiters.add(runKey(run.id), query, now);
  }

  /**
   * Those for whom there is news now, with it. They are forgotten: they ask again with what they then know.
   *
   * @param signal the one that has come, if one has: those that wait already were no news to whoever waits still.
   */
  take(run: WorkflowRun, signal?: Signal): readonly { readonly query: AwaitRun; readonly body: RunDescribed }[] {
    const signals = signal === undefined ? [] : [signal];
    return this.#waiters.take(runKey(run.id), (query) => {
      const body = newsOf(run, signals, query.known);
      return body === undefined ? undefined : { query, body };
    });
  }
}
