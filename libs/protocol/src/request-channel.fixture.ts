import { millis, type Command, type ExecutionId, type Query, type Reply } from '@ratchet/domain';
import { noTracing, type OutputRecord, type SentRecord } from '@ratchet/kafka';
import { localCodec, topics } from '@ratchet/schemas';
import type { RequestMetrics } from './request-metrics.ts';
import { RequestChannel, type CommandDraftOf } from './request-channel.ts';

const codec = localCodec();
export const replyTo = { partition: 3, address: 'here' };
export const target: ExecutionId = { namespace: 'default', workflowId: '', runId: 'run-1', activityId: 'charge-42' };

export const schedule: CommandDraftOf<'Schedule'> = {
  type: 'Schedule',
  target,
  requestId: 'request-1',
  identity: 'me',
  activityType: 'charge',
  options: { taskQueue: 'q', startToCloseTimeoutMs: 1000 },
  input: [],
  header: {},
  idReusePolicy: 'allow-duplicate',
  idConflictPolicy: 'fail',
  shielded: false,
  retentionMs: millis(1000),
  awaitOutcome: false,
};
export const cancel: CommandDraftOf<'RequestCancel'> = {
  type: 'RequestCancel',
  target,
  requestId: 'cancel-1',
  identity: 'me',
  reason: '',
  cascaded: false,
};

export const scheduled = (started: boolean): Reply['body'] => ({
  type: 'Accepted',
  answer: { type: 'Scheduled', runId: 'run-1', started },
});
export const acknowledged: Reply['body'] = { type: 'Accepted', answer: { type: 'Acknowledged' } };
export const pending: Reply['body'] = { type: 'OutcomePending', runId: 'run-1' };
export const reached = {
  type: 'OutcomeReached',
  runId: 'run-1',
  status: 'completed',
  outcome: { type: 'success', result: [] },
  activityType: 'charge',
  workerIdentity: 'worker',
} as const satisfies Reply['body'];
export const notFound: Reply['body'] = { type: 'Refused', refusal: { reason: 'not-found', message: 'none' } };

/** A channel whose records end here, and what is answered to them. */
export class Desk {
  readonly sent: OutputRecord[] = [];
  readonly channel: RequestChannel;
  failWith: Error | undefined;
  #held: Promise<void> | undefined;

  /** @param prefixLength of the topics' names. */
  constructor(prefixLength = 0, metrics?: RequestMetrics) {
    const send = async (record: OutputRecord): Promise<SentRecord> => {
      this.sent.push(record);
      if (this.#held !== undefined) await this.#held;
      if (this.failWith !== undefined) throw this.failWith;
      return { partition: 0, offset: 0 };
    };
    const requestTimeoutMs = 10_000;
    this.channel = new RequestChannel({
      outbox: { send },
      codec,
      partitions: 4,
      prefixLength,
      replyTo,
      tracing: noTracing,
      metrics,
      requestTimeoutMs,
    });
  }

  /** The broker takes nothing from now on. @returns what lets it. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#held = promise.then(() => undefined);
    return () => {
      this.#held = undefined;
      resolve(undefined);
    };
  }

  command(index: number): Command {
    return codec.decodeCommand(this.sent[index]?.value ?? Buffer.alloc(0)) as Command;
  }

  queries(): readonly Query[] {
    const records = this.sent.filter(({ topic }) => topic === topics.queries);
    return records.map(({ value }) => codec.decodeQuery(value ?? Buffer.alloc(0)) as Query);
  }

  /** Answers the record at `index`, as its reader would. */
  answer(index: number, body: Reply['body'], offset = 7): void {
    const { topic, value } = this.sent[index] ?? { topic: '', value: null };
    const bytes = value ?? Buffer.alloc(0);
    const asked = (topic === topics.queries ? codec.decodeQuery(bytes) : codec.decodeCommand(bytes)) as Command | Query;
    const { requestId } = asked;
    const address = asked.replyTo?.address ?? '';
    this.channel.receive({ address, requestId, offset, body });
  }
}

/** Nobody waits for it in this test. */
export const unheard = (promise: Promise<unknown>): void => void promise.catch(() => undefined);

export const settled = async (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise.catch((error: unknown) => error), Promise.resolve('not yet')]);
