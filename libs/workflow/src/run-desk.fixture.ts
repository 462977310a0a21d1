import {
  epochMillis,
  millis,
  type Command,
  type Query,
  type Reply,
  type Signal,
  type WorkflowRun as RunState,
} from '@ratchet/domain';
import { noTracing, type OutputRecord, type SentRecord } from '@ratchet/kafka';
import { loadDataConverter, RequestChannel } from '@ratchet/protocol';
import { localCodec, topics } from '@ratchet/schemas';
import { CancellationScope } from './cancellation-scope.ts';
import type { RunSession } from './run-session.ts';

const codec = localCodec();

/** What went out, and how to answer it. */
export interface Asked<T extends Command | Query = Command | Query> {
  readonly message: T;
  answer(body: Reply['body'], offset?: number): void;
}

/** The session of a run whose records end here: a test reads them, and answers. */
export class RunDesk {
  readonly asked: Asked[] = [];
  readonly channel: RequestChannel;
  readonly session: RunSession;

  constructor() {
    const send = (record: OutputRecord): Promise<SentRecord> => {
      this.#take(record);
      return Promise.resolve({ partition: 0, offset: this.asked.length });
    };
    this.channel = new RequestChannel({
      outbox: { send },
      codec,
      partitions: 4,
      replyTo: { partition: 0, address: 'here' },
      tracing: noTracing,
      requestTimeoutMs: 10_000,
    });
    const run = { namespace: 'default', workflowId: 'order-1', runId: 'run-1' };
    const scope = new CancellationScope({ parent: null });
    const session = { channel: this.channel, namespace: 'default', identity: 'me', converter: loadDataConverter() };
    this.session = { session, run, driverId: 'driver-1', scope };
  }

  /** All of a type, in the order in which they went out. */
  of<T extends (Command | Query)['type']>(type: T): readonly Asked<Extract<Command | Query, { readonly type: T }>>[] {
    return this.asked.filter(({ message }) => message.type === type) as never;
  }

  #take({ topic, value }: OutputRecord): void {
    const bytes = value ?? Buffer.alloc(0);
    const message = (topic === topics.queries ? codec.decodeQuery(bytes) : codec.decodeCommand(bytes)) as
      Command | Query;
    const { requestId, replyTo } = message;
    this.asked.push({
      message,
      answer: (body, offset = 7) => {
        this.channel.receive({ address: replyTo?.address ?? '', requestId, offset, body });
      },
    });
  }
}

export const acknowledged: Reply['body'] = { type: 'Accepted', answer: { type: 'Acknowledged' } };

export const described = (change: Partial<RunState>, ...signals: readonly Signal[]): Reply['body'] => ({
  type: 'RunDescribed',
  signals,
  run: {
    id: { namespace: 'default', workflowId: 'order-1', runId: 'run-1' },
    status: 'open',
    version: 1,
    openedAt: epochMillis(1),
    openRequestId: 'open-1',
    retentionMs: millis(1),
    signalsAcknowledgedTo: -1,
    recentSignalIds: [],
    ...change,
  },
});

export const signal = (offset: number): Signal => ({
  offset,
  signalId: `signal-${String(offset)}`,
  name: 'count',
  args: [],
  sentAt: epochMillis(offset),
});
