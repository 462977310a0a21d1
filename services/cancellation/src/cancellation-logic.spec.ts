import { epochMillis, partitionKey, type CancellationRecord, type ExecutionId } from '@ratchet/domain';
import { partitionFor, type InputRecord, type OutputRecord } from '@ratchet/kafka';
import { createTokenSigner } from '@ratchet/protocol';
import { localCodec, topics } from '@ratchet/schemas';
import { jest } from '@jest/globals';
import { CancellationLogic } from './cancellation-logic.ts';
import type { PendingNotice } from './pending-notice.ts';

const partitions = 4;
const codec = localCodec();
const run = { namespace: 'default', workflowId: 'order', runId: 'run-1' };
const id: ExecutionId = { ...run, activityId: 'charge' };
const partition = partitionFor(partitionKey(id), partitions);
const asker = { partition: 1, address: 'asker' };
const workerAddress = { partition: 2, address: 'worker' };
const place = { id, scheduleOffset: 7, attempt: 1, stamp: 1 };
const request = { requestId: 'cancel-1', identity: 'operator', reason: 'no longer needed' };
const startAt = 900_000;
const appendedAt = epochMillis(startAt);

const notify = (change: Partial<Extract<CancellationRecord, { type: 'NotifyWorker' }>> = {}): CancellationRecord => ({
  type: 'NotifyWorker',
  ...place,
  workerAddress,
  reason: 'cancel-requested',
  overAt: epochMillis(startAt + 3_600_000),
  sentCount: 0,
  decidedOffset: 20,
  ...change,
});
const settled = { type: 'NoticeSettled', ...place, decidedOffset: 21 } as const;
const signer = createTokenSigner('a secret of at least thirty-two characters');

const proofOf = (offset: number, index: number): Buffer =>
  Buffer.from(signer.signForwarding({ partition, offset, index, appendedAt }));

/** A partition's logic, fed record by record as the legs would; its clock stands still unless it is moved. */
class Desk {
  readonly sent: OutputRecord[] = [];
  /** Activity ids of the notices that were given up. */
  readonly givenUp: string[] = [];
  readonly logic: CancellationLogic;
  #offset: number;

  constructor({ offset = 0, on = partition } = {}) {
    this.#offset = offset;
    const context = {
      partition: on,
      send: (records: readonly OutputRecord[]) => void this.sent.push(...records),
    };
    const onGivenUp = ({ record }: PendingNotice): void => void this.givenUp.push(record.id.activityId);
    this.logic = new CancellationLogic({ context, codec, signer, partitions, own: () => performance.now(), onGivenUp });
  }

  async take(record: CancellationRecord): Promise<readonly OutputRecord[]> {
    const value = codec.encodeCancellation(record);
    const input: InputRecord = {
      topic: topics.cancellations,
      partition,
      offset: this.#offset++,
      key: partitionKey(id),
      value,
      headers: {},
      timestampMs: appendedAt,
    };
    return this.logic.handle(input, await this.logic.decode(input)).effects;
  }

  get resumesAt(): number | undefined {
    return this.logic.resumeAt(new Map([[topics.cancellations, this.#offset]])).get(topics.cancellations);
  }
}

const commandsOf = (records: readonly OutputRecord[]) =>
  records.map(({ topic, value }) => {
    expect(topic).toBe(topics.commands);
    return codec.decodeCommand(value ?? Buffer.alloc(0));
  });

const noticesOf = (records: readonly OutputRecord[]) =>
  records
    .filter(({ topic }) => topic === topics.replies)
    .map(({ value }) => codec.decodeReply(value ?? Buffer.alloc(0)));

describe('what becomes a command', () => {
  test('a request for an activity, answered by the scheduler itself', async () => {
    const desk = new Desk({ offset: 41 });
    const records = await desk.take({ type: 'CancelActivity', target: id, ...request, replyTo: asker });
    expect(records).toMatchObject([{ partition, key: partitionKey(id) }]);
    expect(commandsOf(records)).toEqual([
      {
        type: 'RequestCancel',
        target: id,
        ...request,
        replyTo: asker,
        cascaded: false,
        forwardedFrom: { offset: 41, index: 0, appendedAt, proof: proofOf(41, 0) },
      },
    ]);
  });

  test('each command proves where it comes from', async () => {
    const activityIds = ['charge', 'ship'];
    const page = { type: 'FanOut', run, cause: 'run-closed', decidedOffset: 12, ...request, activityIds } as const;
    const commands = commandsOf(await new Desk({ offset: 7 }).take(page));
    for (const [index, command] of commands.entries()) {
      const { proof, ...from } = (await command).forwardedFrom ?? { proof: undefined };
      expect(from).toEqual({ offset: 7, index, appendedAt });
      expect(signer.verifyForwarding({ partition, offset: 7, index, appendedAt }, proof)).toBe('valid');
    }
  });

  test('a request for a run', async () => {
    const [command] = commandsOf(await new Desk().take({ type: 'CancelRun', run, ...request, replyTo: asker }));
    expect(command).toMatchObject({ type: 'RequestCancelRun', run, ...request, replyTo: asker });
  });

  test('every activity of a page, the same again when the page is read again', async () => {
    const page: CancellationRecord = {
      type: 'FanOut',
      run,
      cause: 'run-cancel-requested',
      decidedOffset: 12,
      ...request,
      activityIds: ['charge', 'ship'],
    };
    const commands = commandsOf(await new Desk({ offset: 3 }).take(page));
    expect(commands).toMatchObject([
      { type: 'RequestCancel', target: id, ...request, cascaded: true, openBefore: 12, forwardedFrom: { index: 0 } },
      { type: 'RequestCancel', target: { ...id, activityId: 'ship' }, forwardedFrom: { offset: 3, index: 1 } },
    ]);
    expect(commandsOf(await new Desk({ offset: 3 }).take(page))).toEqual(commands);
    expect(commandsOf(await new Desk().take({ ...page, cause: 'run-closed' }))).toMatchObject([
      { type: 'CloseWithRun', target: id, closedOffset: 12 },
      { type: 'CloseWithRun' },
    ]);
  });

  test('nothing in a partition where it does not belong: it is answered, and kept for a human', async () => {
    const desk = new Desk({ on: (partition + 1) % partitions });
    const records = await desk.take({ type: 'CancelActivity', target: id, ...request, replyTo: asker });
    expect(records.map(({ topic }) => topic)).toEqual([topics.replies, `${topics.cancellations}.dlq`]);
    expect(noticesOf(records)).toMatchObject([
      { address: 'asker', requestId: 'cancel-1', body: { type: 'Refused', refusal: { reason: 'wrong-partition' } } },
    ]);
  });
});

describe('what Ratchet never writes is a dead letter', () => {
  const forged: readonly { given: string; record: CancellationRecord; why: string }[] = [
    {
      given: 'a page of more activities than a page has',
      record: {
        type: 'FanOut',
        run,
        cause: 'run-closed',
        decidedOffset: 1,
        ...request,
        activityIds: Array.from({ length: 1_001 }, String),
      },
      why: 'activityIds has 1001 entries, and may have 1000',
    },
    {
      given: 'a page with a reason to copy a thousand times',
      record: {
        type: 'FanOut',
        run,
        cause: 'run-cancel-requested',
        decidedOffset: 1,
        ...request,
        reason: 'x'.repeat(5_000),
        activityIds: ['charge'],
      },
      why: 'reason has 5000 bytes, and may have 4096',
    },
    {
      given: 'a notice to an address of a megabyte',
      record: notify({ workerAddress: { partition: 1, address: 'x'.repeat(1_000_000) } }),
      why: 'workerAddress.address has 1000000 bytes',
    },
    {
      given: 'a notice to a partition that is none',
      record: notify({ workerAddress: { partition: -1, address: 'w' } }),
      why: 'workerAddress.partition is -1',
    },
    {
      given: 'a settled attempt of an id beyond ids',
      record: { type: 'NoticeSettled', ...place, decidedOffset: 1, id: { ...id, activityId: 'x'.repeat(2_000) } },
      why: 'id.activityId has 2000 bytes, and may have 1000',
    },
    {
      given: 'a request whose answer goes to an address of a megabyte',
      record: { type: 'CancelRun', run, ...request, replyTo: { partition: 1, address: 'x'.repeat(1_000_000) } },
      why: 'replyTo.address has 1000000 bytes',
    },
  ];
  test.each(forged)('$given', async ({ record, why }) => {
    await expect(new Desk().take(record)).rejects.toThrow(`Expected to read a cancellation, but ${why}`);
  });
});

describe('a notice', () => {
  beforeEach(() => void jest.useFakeTimers({ now: startAt }));
  afterEach(() => void jest.useRealTimers());

  test('is sent at once, and again until it is settled', async () => {
    const desk = new Desk();
    const [first, ...others] = noticesOf(await desk.take(notify({ reason: 'paused' })));
    expect(others).toEqual([]);
    expect(first).toMatchObject({ address: 'worker', body: { type: 'CancelNotice', ...place, reason: 'paused' } });
    jest.advanceTimersByTime(1_000);
    expect(noticesOf(desk.sent)).toEqual([first, first, first]);
    await desk.take(settled);
    jest.advanceTimersByTime(600_000);
    expect(desk.sent).toHaveLength(3);
    expect(desk.logic.pendingCount).toBe(0);
  });

  test('holds back where reading goes on after a crash, as long as it is not settled', async () => {
    const desk = new Desk({ offset: 10 });
    await desk.take({ ...settled, decidedOffset: 19 });
    await desk.take(notify());
    await desk.take({ type: 'CancelRun', run, ...request });
    expect(desk.resumesAt).toBe(11);
    await desk.take(settled);
    expect(desk.resumesAt).toBe(14);
  });

  test('of another reason takes the place of the former, and is sent at once', async () => {
    const desk = new Desk();
    await desk.take(notify({ reason: 'paused' }));
    const notices = noticesOf(await desk.take(notify({ reason: 'timed-out' })));
    expect(notices).toMatchObject([{ body: { reason: 'timed-out' } }]);
    expect(desk.logic.pendingCount).toBe(1);
    expect(desk.resumesAt).toBe(1);
  });

  test('that is told again is not sent again out of turn', async () => {
    const desk = new Desk();
    await desk.take(notify());
    expect(await desk.take(notify())).toEqual([]);
    expect(desk.resumesAt).toBe(1);
  });

  test.each(['timed-out', 'not-found'] as const)(
    'of an attempt that is over is sent four times: %s',
    async (reason) => {
      const desk = new Desk();
      await desk.take(notify({ reason }));
      jest.advanceTimersByTime(600_000);
      expect(desk.sent).toHaveLength(3);
      expect(desk.logic.pendingCount).toBe(0);
    },
  );

  test('that nobody settles is carried on to the end of the log, and is told no more after eleven minutes', async () => {
    const desk = new Desk();
    await desk.take(notify());
    jest.advanceTimersByTime(30_000);
    const carried = desk.sent.filter(({ topic }) => topic === topics.cancellations);
    expect(carried).toHaveLength(1);
    const record = await codec.decodeCancellation(carried[0]?.value ?? Buffer.alloc(0));
    expect(record).toMatchObject(notify({ sentCount: 9 }));
    expect(await desk.take(record)).toEqual([]);
    expect(desk.resumesAt).toBe(1);
    jest.advanceTimersByTime(12 * 60_000);
    expect(desk.logic.pendingCount).toBe(0);
    expect(desk.sent.filter(({ topic }) => topic === topics.replies)).toHaveLength(19);
    jest.advanceTimersByTime(2 * 3_600_000);
    expect(desk.sent.length).toBeLessThan(40);
  });

  test('is told no more when the attempt must be over', async () => {
    const desk = new Desk();
    await desk.take(notify({ overAt: epochMillis(startAt + 1_000) }));
    jest.advanceTimersByTime(130_000);
    expect(desk.logic.pendingCount).toBe(0);
  });

  test.each([
    ['back', -86_400_000],
    ['forth', 86_400_000],
  ])('is told as often when the wall clock is set %s', async (_, stepMs) => {
    const desk = new Desk();
    await desk.take(notify());
    jest.setSystemTime(startAt + 100_000_000 + stepMs);
    jest.advanceTimersByTime(1_000);
    expect(desk.sent).toHaveLength(3);
    expect(desk.logic.pendingCount).toBe(1);
  });

  test('that is read when its attempt must be over is told no more than once', async () => {
    const desk = new Desk();
    await desk.take(notify({ overAt: epochMillis(startAt - 600_000) }));
    jest.advanceTimersByTime(1_000);
    expect(desk.sent).toEqual([]);
    expect(desk.logic.pendingCount).toBe(0);
  });

  test('that was settled is not taken up again by a late copy, but by what was decided later', async () => {
    const desk = new Desk();
    await desk.take(notify());
    await desk.take(settled);
    expect(await desk.take(notify({ sentCount: 9 }))).toEqual([]);
    expect(desk.logic.pendingCount).toBe(0);
    expect(noticesOf(await desk.take(notify({ reason: 'paused', decidedOffset: 30 })))).toHaveLength(1);
    await desk.take(settled);
    expect(desk.logic.pendingCount).toBe(1);
  });

  test('gives way to newer ones when they take too much together, and that is said', async () => {
    const desk = new Desk();
    const [long, count] = ['x'.repeat(900), 12_000];
    const ids = { ...id, workflowId: long, runId: long };
    for (let each = 0; each < count; each++) {
      await desk.take(notify({ id: { ...ids, activityId: `${long}${String(each)}` } }));
    }
    expect(desk.givenUp.length).toBeGreaterThan(100);
    expect(desk.givenUp[0]).toBe(`${long}0`);
    expect(desk.logic.pendingCount).toBe(count - desk.givenUp.length);
    expect(desk.resumesAt).toBe(desk.givenUp.length);
  }, 60_000);

  test('that was carried on is sent at once by the next owner, and then as rarely as before', async () => {
    const desk = new Desk({ offset: 50 });
    expect(noticesOf(await desk.take(notify({ sentCount: 9 })))).toHaveLength(1);
    jest.advanceTimersByTime(40_000);
    expect(desk.sent).toEqual([]);
  });

  test('waits for its turn: many do not bury what is new', async () => {
    const desk = new Desk();
    for (let each = 0; each < 1_000; each++) await desk.take(notify({ id: { ...id, activityId: String(each) } }));
    jest.advanceTimersByTime(1_000);
    expect(desk.sent.length).toBeGreaterThan(100);
    expect(desk.sent.length).toBeLessThan(600);
  });

  test('is forgotten with its partition', async () => {
    const desk = new Desk();
    await desk.take(notify());
    desk.logic.close();
    jest.advanceTimersByTime(60_000);
    expect(desk.sent).toEqual([]);
    expect(desk.logic.pendingCount).toBe(0);
  });
});
