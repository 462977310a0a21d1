import { millis, epochMillis, type ActivityTask, type Refusal } from '@ratchet/domain';
import { noTracing } from '@ratchet/kafka';
import {
  createTokenSigner,
  DeadlineClock,
  type CommandReply,
  type ReadTask,
  type RequestChannel,
} from '@ratchet/protocol';
import type { TaskRequest } from '../front-door/index.ts';
import { QueueDoor, type TaskSupply } from './queue-door.ts';

/** Claims as the log would answer them, when the test says so. */
export class Claims {
  readonly #open: ((reply: CommandReply | Error) => void)[] = [];

  get count(): number {
    return this.#open.length;
  }

  readonly channel = {
    request: () =>
      new Promise<CommandReply>((resolve, reject) => {
        this.#open.push((reply) => {
          if (reply instanceof Error) reject(reply);
          else resolve(reply);
        });
      }),
  } as unknown as RequestChannel;

  grant(): Promise<void> {
    return this.#answer({ type: 'Accepted', answer: { type: 'Granted', startedAt: epochMillis(1) } });
  }

  refuse(): Promise<void> {
    const refusal: Refusal = { reason: 'already-claimed', message: 'someone else has it' };
    return this.#answer({ type: 'Refused', refusal });
  }

  async fail(error: Error): Promise<void> {
    this.#open.shift()?.(error);
    await settled();
  }

  async #answer(body: CommandReply['body']): Promise<void> {
    this.#open.shift()?.({ address: 'here', requestId: 'claim', offset: 1, body });
    await settled();
  }
}

/** What waits in the queue, handed out one by one unless it is paused. */
export class Queue implements TaskSupply {
  readonly done: string[] = [];
  readonly passedOn: string[] = [];
  othersRead = false;
  /** The part of the queue's partitions that is read here. */
  partHere = 1;
  readonly #waiting: ReadTask[] = [];
  #paused = false;
  #door: QueueDoor | undefined;

  get waiting(): readonly string[] {
    return this.#waiting.map(({ task }) => task.id.activityId);
  }

  open(claims: Claims): QueueDoor {
    this.#door = new QueueDoor({
      channel: claims.channel,
      clock: new QuietClock(),
      log: () => undefined,
      connection: { tracing: noTracing, realName: String },
      source: this,
    });
    return this.#door;
  }

  add(...ids: readonly string[]): void {
    this.#waiting.push(...ids.map((id) => readTask(id, this.done)));
    this.#drain();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drain();
  }

  passOn({ task }: ReadTask): boolean {
    if (this.othersRead) this.passedOn.push(task.id.activityId);
    return this.othersRead;
  }

  get isAlone(): boolean {
    return this.partHere === 1;
  }

  share(): number {
    return this.partHere;
  }

  #drain(): void {
    while (!this.#paused && this.#waiting.length > 0) {
      const read = this.#waiting.shift();
      if (read !== undefined) this.#door?.offer(read);
    }
  }
}

/** The test calls `whenDue` itself. */
class QuietClock extends DeadlineClock {
  override add(): void {
    // Nothing comes by itself.
  }
}

const signer = createTokenSigner('a secret of this test');

function readTask(activityId: string, done: string[]): ReadTask {
  const id = { namespace: 'default', workflowId: '', runId: 'run', activityId };
  const task: ActivityTask = {
    id,
    activityType: 'charge',
    taskToken: signer.sign({ id, scheduleOffset: 1, attempt: 1, stamp: 1 }),
    attempt: 1,
    options: {
      taskQueue: 'payments',
      scheduleToCloseTimeoutMs: millis(0),
      scheduleToStartTimeoutMs: millis(0),
      startToCloseTimeoutMs: millis(10_000),
      heartbeatTimeoutMs: millis(0),
      startDelayMs: millis(0),
      retryPolicy: {
        initialIntervalMs: millis(1000),
        backoffCoefficient: 2,
        intervalMsMax: millis(100_000),
        attemptsMax: 0,
        nonRetryableErrorTypes: [],
      },
      priorityKey: 0,
      fairnessKey: '',
      fairnessWeight: 0,
    },
    input: [],
    header: {},
    heartbeatDetails: [],
    scheduledAt: epochMillis(0),
    currentAttemptScheduledAt: epochMillis(0),
    passedOnCount: 0,
  };
  const record = {
    topic: 'tasks',
    partition: 0,
    offset: 0,
    key: null,
    value: null,
    timestampMs: 0,
    headers: {},
  } as unknown as ReadTask['record'];
  return {
    record,
    task,
    done: () => {
      done.push(activityId);
    },
  };
}

export const request = (more: Partial<TaskRequest> = {}): TaskRequest => ({
  namespace: 'default',
  taskQueue: 'payments',
  identity: 'poller',
  principal: 'api-key:poller',
  workerInstanceKey: '',
  ...more,
});

/** All that follows from what was done has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
