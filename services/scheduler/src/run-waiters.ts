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

/** As `OutcomeWaiters`: who has been silent for this long is gone. */
const silenceMsMax = 60_000;

/** One answer stays far below what a record may hold; a single signal may be larger than this, and goes alone. */
const signalsBytesMax = 512 * 1024;
/** However many the asker has room for: each comes with its ids, too, and the bytes of its arguments may be none. */
const signalsMax = 100;

interface AskedRun {
  readonly query: AwaitRun;
  readonly askedAt: EpochMillis;
}

type RunDescribed = Extract<Reply['body'], { readonly type: 'RunDescribed' }>;

/**
 * What there is to say to someone who knows so much of a run.
 *
 * @returns nothing when there is no news.
 */
export function newsOf(run: WorkflowRun, waiting: readonly Signal[], known: KnownOfRun): RunDescribed | undefined {
  const signals = page(waiting, known);
  if (run.status === known.status && signals.length === 0) return undefined;
  // Nobody outside needs the ids that repetitions are dropped by.
  return { type: 'RunDescribed', run: { ...run, recentSignalIds: [] }, signals };
}

function page(waiting: readonly Signal[], { signalName, signalsUpTo, signalCountMax }: KnownOfRun): readonly Signal[] {
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

/** Who waits for news of which run. In memory only: after a crash the askers ask again. */
export class RunWaiters {
  readonly #byRun = new Map<string, Map<string, AskedRun>>();

  /**
   * A newer question of the same request takes the place of the former. Of a run that is closed there is no more news,
   * and nothing that would end the waiting: nobody waits for it.
   */
  add(run: WorkflowRun, query: AwaitRun, askedAt: EpochMillis): void {
    if (run.status === 'closed') return;
    const key = runKey(run.id);
    const asked = this.#byRun.get(key) ?? new Map<string, AskedRun>();
    this.#byRun.set(key, asked);
    for (const [asker, former] of asked) if (former.askedAt + silenceMsMax < askedAt) asked.delete(asker);
    asked.set(`${query.replyTo.address}/${query.requestId}`, { query, askedAt });
  }

  /** Those for whom there is news now, with it. They are forgotten: they ask again with what they then know. */
  take(
    run: WorkflowRun,
    waiting: readonly Signal[],
  ): readonly { readonly query: AwaitRun; readonly body: RunDescribed }[] {
    const key = runKey(run.id);
    const asked = this.#byRun.get(key);
    if (asked === undefined) return [];
    const told = [];
    for (const [asker, { query }] of asked) {
      const body = newsOf(run, waiting, query.known);
      if (body === undefined) continue;
      asked.delete(asker);
      told.push({ query, body });
    }
    if (asked.size === 0) this.#byRun.delete(key);
    return told;
  }
}
