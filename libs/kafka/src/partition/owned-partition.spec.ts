import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaConnection } from '../cluster/connection.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { OwnedPartition } from './owned-partition.ts';
import type { PartitionHost } from './partition-host.ts';
import type { PartitionLogic } from './partition-logic.ts';
import { noTracing } from '../tracing/spans.ts';
import { defaultTuning } from './processor-options.ts';
import type { InputRecord, OutputRecord } from '../record.ts';

const topic = 'queries';
const mib = 1024 * 1024;
const recordOf = (offset: number): InputRecord => ({
  topic,
  partition: 0,
  offset,
  key: null,
  value: null,
  headers: {},
  timestampMs: 0,
});

/** Answers each record with 8 MiB, into an outbox that sends nothing until it is told to. */
function stage() {
  let [handledCount, pendingBytes] = [0, 0];
  const answer: OutputRecord = { topic: 'replies', key: null, value: Buffer.alloc(8 * mib) };
  const logic: PartitionLogic<null> = {
    restore: () => undefined,
    restored: () => new Map(),
    decode: () => null,
    handle: () => {
      handledCount++;
      return { effects: [answer], changedKeys: [] };
    },
    encodeState: () => undefined,
    encodeProgress: () => answer,
    close: () => undefined,
  };
  const outbox = {
    add: ({ value }: OutputRecord) => (pendingBytes += value?.length ?? 0),
    settled: () => new Promise<void>(() => undefined),
  };
  const nothing = (): void => undefined;
  const host: PartitionHost<null> = {
    options: {
      connection: { realName: (name: string) => name, tracing: noTracing } as unknown as KafkaConnection,
      service: 'test',
      inputs: [{ topic, start: 'group', onGap: 'skip' }],
      createLogic: () => logic,
      outbox: outbox as unknown as Outbox,
    },
    tuning: defaultTuning,
    topics: [topic],
    seek: nothing,
    pause: nothing,
    resume: nothing,
    logRange: () => Promise.resolve({ start: 0, end: 0 }),
    groupOffset: () => Promise.resolve(0),
    fence: () => Promise.resolve(undefined),
    committed: () => Promise.resolve(),
    mayHandle: () => pendingBytes <= defaultTuning.outboxBytesMax,
    log: nothing,
    giveUp: nothing,
  };
  return {
    owned: new OwnedPartition(host, 0, 1),
    handledCount: () => handledCount,
    pendingMib: () => pendingBytes / mib,
    sent: () => (pendingBytes = 0),
  };
}

test('what the records of one fetch have to say does not fill the memory: each waits for room in the outbox', async () => {
  const { owned, handledCount, pendingMib, sent } = stage();
  await owned.acquire(Promise.resolve());
  const records = Array.from({ length: 30 }, (_, offset) => recordOf(offset));
  owned.take({ topic, partition: 0, records, fetchedOffset: 0, nextOffset: 30, highWatermark: 30 });
  await pause(50);
  expect(pendingMib()).toBe(defaultTuning.outboxBytesMax / mib + 8);
  while (handledCount() < 30) {
    sent();
    await pause(20);
    expect(pendingMib()).toBeLessThanOrEqual(defaultTuning.outboxBytesMax / mib + 8);
  }
  owned.close();
});
