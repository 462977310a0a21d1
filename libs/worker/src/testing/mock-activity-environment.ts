import type { Log } from '@ratchet/kafka';
import { loadDataConverter, valuesToPayloads, type DataConverter, type LoadedDataConverter } from '@ratchet/protocol';
import type { ActivityInfo } from '../activity-info.ts';
import type { CancelReason } from '../cancel-reason.ts';
import { Cancellation } from '../cancellation.ts';
import { Context } from '../context.ts';

export interface MockActivityEnvironmentOptions {
  /** Where `Context.log` goes; default: nowhere. */
  readonly log?: Log;
  /** What heartbeats are tried with; default: the worker's default. */
  readonly dataConverter?: DataConverter;
}

/**
 * Runs an activity function alone, without a broker: for the tests of whoever writes activities.
 *
 * ```ts
 * const environment = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: { page: 3 } });
 * environment.onHeartbeat(() => environment.cancel());
 * await expect(environment.run(importPages, 'https://example.com')).rejects.toThrow('CANCELLED');
 * expect(environment.heartbeats).toEqual([{ page: 4 }]);
 * ```
 *
 * There is one `Context` and one cancellation for all that is run in an environment: after `cancel` whatever runs in it
 * is to stop. No time limit applies, and nothing is retried.
 */
export class MockActivityEnvironment {
  /** What `Context.current()` is inside. */
  readonly context: Context;
  readonly #cancellation = new Cancellation();
  readonly #heartbeats: unknown[] = [];
  readonly #listeners = new Set<(details: unknown) => void>();
  readonly #converter: LoadedDataConverter;

  /** @param info What is given replaces the defaults: attempt 1 of activity `test`, standalone, without limits. */
  constructor(
    info: Partial<ActivityInfo> = {},
    { log = () => undefined, dataConverter }: MockActivityEnvironmentOptions = {},
  ) {
    this.#converter = loadDataConverter(dataConverter);
    this.context = new Context({
      info: { ...infoDefault, ...info },
      log,
      cancellation: this.#cancellation,
      heartbeat: (details) => {
        this.#heartbeat(details);
      },
      // Nobody listens for such promises here: Node says it, and so does whoever runs the test.
      stray: () => undefined,
    });
  }

  /** The details of every heartbeat so far, unthrottled and as they were given; `undefined` for one without. */
  get heartbeats(): readonly unknown[] {
    return this.#heartbeats;
  }

  /** Called with the details of each heartbeat, before `heartbeat()` returns. @returns what ends it. */
  onHeartbeat(listener: (details: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells the activity to stop, before or while it runs. The first reason is delivered, as on a worker. Default: `CANCELLED`. */
  cancel(reason: CancelReason = 'CANCELLED'): void {
    this.#cancellation.request(reason);
  }

  /** Calls the function as an activity. Settles as it does: what it throws comes out as it was thrown. */
  async run<A extends readonly unknown[], R>(activity: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    return await Context.run(this.context, () => activity(...args));
  }

  /** One whose details cannot be converted cancels the activity, as on a worker, and is not among the `heartbeats`. */
  #heartbeat(details: unknown): void {
    try {
      const encoding = valuesToPayloads(this.#converter, details === undefined ? [] : [details]);
      if (encoding instanceof Promise) encoding.catch(this.#refuse);
    } catch {
      this.#refuse();
      return;
    }
    this.#heartbeats.push(details);
    for (const listener of this.#listeners) listener(details);
  }

  readonly #refuse = (): void => {
    this.cancel('HEARTBEAT_DETAILS_CONVERSION_FAILED');
  };
}

const infoDefault: ActivityInfo = {
  namespace: 'default',
  workflowId: '',
  runId: '00000000-0000-0000-0000-000000000000',
  activityId: 'test',
  activityType: 'test',
  taskQueue: 'test',
  attempt: 1,
  scheduledAt: 0,
  currentAttemptScheduledAt: 0,
  startedAt: 0,
  timeouts: { scheduleToCloseMs: 0, scheduleToStartMs: 0, startToCloseMs: 0, heartbeatMs: 0 },
  taskToken: new TextEncoder().encode('test'),
  heartbeatDetails: undefined,
};
