import type { KafkaConnection } from '../cluster/connection.ts';
import { isDenied } from '../cluster/denied-rights.ts';
import { ReplyInbox } from './reply-inbox.ts';
import type { InputRecord } from '../record.ts';
import { backoffMs, sleep } from '../waiting.ts';
import { StateWriter } from '../outbox/state-writer.ts';

export interface AgreedRecordOptions {
  readonly connection: KafkaConnection;
  /** A compacted topic of one partition, in which nobody else writes. It must exist. */
  readonly topic: string;
  readonly key: string;
}

/** Instances that start at once take turns; each turn is short. */
const attemptsMax = 20;
/** Who dies within a write is waited for so long by whoever reads next. */
const transactionTimeoutMs = 5_000;

/**
 * Brings all instances of a cluster to one value: `next` is given the value that stands, `null` where there is none, and
 * says what is to stand from now on. It is called again when another instance has written meanwhile.
 *
 * A write takes place only if nobody else has written since the value was read: whoever fences the topic last is the one
 * who may write, and looks again whether the log has grown before.
 *
 * @param next returns `undefined` to leave the value as it is. What it throws is thrown here, and nothing is written.
 * @throws OperationalError RKT1010 (rejects) when a right is missing; kafkajs's error when no broker answers, or when others were faster each time.
 */
export async function agreeOnRecord(
  options: AgreedRecordOptions,
  next: (current: Buffer | null) => Promise<Buffer | undefined>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { value: current, end } = await latest(options);
    const value = await next(current);
    if (value === undefined) return;
    try {
      if (await write(options, value, end)) return;
    } catch (error) {
      if (attempt >= attemptsMax || isDenied(error)) throw error;
    }
    await sleep(Math.random() * backoffMs(attempt + 2));
  }
}

async function latest(options: AgreedRecordOptions): Promise<{ readonly value: Buffer | null; readonly end: number }> {
  let record: InputRecord | undefined;
  const inbox = new ReplyInbox({
    ...options,
    partition: 0,
    fromBeginning: true,
    onRecord: (each) => {
      if (each.key === options.key) record = each;
    },
  });
  const end = await inbox.open();
  await inbox.close();
  return { value: record?.value ?? null, end };
}

/** @returns false when the log has grown since `end`: what was read may not be the latest any more. */
async function write({ connection, topic, key }: AgreedRecordOptions, value: Buffer, end: number): Promise<boolean> {
  const writer = await StateWriter.fence({
    connection,
    topics: [topic],
    partition: 0,
    transactionalId: topic,
    transactionTimeoutMs,
  });
  try {
    const [log] = await connection.admin.fetchTopicOffsets(topic);
    if (log === undefined || Number(log.high) !== end) return false;
    await writer.write([{ topic, key, value }]);
    return true;
  } finally {
    writer.discard();
  }
}
