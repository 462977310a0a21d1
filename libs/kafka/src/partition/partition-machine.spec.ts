import type { FetchedBatch } from '../consumers/group-consumer.ts';
import { InvariantError, OperationalError } from '../errors.ts';
import type { InputRecord } from '../record.ts';
import { noTracing } from '../tracing/spans.ts';
import type { Locate, PartitionEffect, PartitionEvent } from './partition-events.ts';
import { PartitionMachine } from './partition-machine.ts';
import type { Output, PartitionLogic } from './partition-logic.ts';
import { defaultTuning, type ProcessorInput, type ProcessorTuning } from './processor-options.ts';

const mib = 1024 * 1024;

const recordOf = (topic: string, offset: number): InputRecord => ({
  topic,
  partition: 0,
  offset,
  key: `k${String(offset)}`,
  value: Buffer.from('v'),
  headers: {},
  timestampMs: 0,
});

const batchOf = (topic: string, from: number, to: number, nextOffset = to): FetchedBatch => ({
  topic,
  partition: 0,
  records: Array.from({ length: to - from }, (_, index) => recordOf(topic, from + index)),
  fetchedOffset: from,
  nextOffset,
  highWatermark: Math.max(1000, nextOffset),
});

interface Setting {
  readonly inputs?: readonly ProcessorInput[];
  readonly stateTopics?: readonly string[];
  readonly tuning?: Partial<ProcessorTuning>;
  readonly confirmations?: number;
  readonly ownedCount?: number;
  readonly answerBytes?: number;
  readonly logic?: Partial<PartitionLogic<string>>;
}

/** A machine, a clock, and what it says in words. */
class Stage {
  readonly handled: string[] = [];
  readonly said: string[] = [];
  effects: readonly PartitionEffect[] = [];
  now = 0;
  roomBytes = 64 * mib;
  readonly machine: PartitionMachine<string>;
  readonly inputs: readonly ProcessorInput[];

  constructor(setting: Setting = {}) {
    const { inputs, stateTopics = [], tuning, confirmations = 0, ownedCount = 1, answerBytes = 1, logic } = setting;
    this.inputs = inputs ?? [{ topic: 'commands', start: 'progress' }];
    this.machine = new PartitionMachine({
      partition: 0,
      ownedCount,
      service: 'test',
      inputs: this.inputs,
      stateTopics,
      connection: { log: () => undefined, realName: (name) => name, tracing: noTracing },
      tuning: { ...defaultTuning, ...tuning },
      logic: this.#logic(answerBytes, logic),
      confirmations,
      leaseUntil: 1e9,
      now: 0,
    });
    this.tell({ kind: 'wake' });
  }

  #logic(answerBytes: number, overriding: Partial<PartitionLogic<string>> = {}): PartitionLogic<string> {
    return {
      restore: () => undefined,
      restored: () => new Map(),
      decode: () => 'v',
      handle: ({ topic, offset, key }): Output => {
        this.handled.push(`${topic}@${String(offset)}`);
        const answer = { topic: 'replies', key: null, value: Buffer.alloc(answerBytes) };
        return { effects: [answer], changedKeys: key === null ? [] : [key] };
      },
      encodeState: (key) => [{ topic: 'state', key, value: Buffer.from('s') }],
      encodeProgress: () => ({ topic: 'state', key: 'progress', value: Buffer.from('p') }),
      close: () => this.said.push('closed'),
      ...overriding,
    };
  }

  tell(event: PartitionEvent<string>): readonly PartitionEffect[] {
    return this.#note(this.machine.step(event, this.now, this.roomBytes));
  }

  /** Lets the clock go to where the machine wants to be woken, at most `byMs` on. */
  wake(byMs = 0): void {
    const until = this.now + byMs;
    for (let at = this.machine.wakesAt; at <= until; at = this.machine.wakesAt) {
      this.now = Math.max(at, this.now);
      this.tell({ kind: 'wake' });
    }
    this.now = until;
  }

  locate(topic: string, purpose: Locate['for'], range: { start: number; end: number }, from?: number): void {
    const asked = this.effects.find(
      (effect): effect is Locate => effect.kind === 'locate' && effect.topic === topic && effect.for === purpose,
    );
    if (asked === undefined) throw new Error(`Expected to be asked for ${purpose} of ${topic}`);
    this.tell({ kind: 'located', asked, range, from });
  }

  /** Where the logs of the state topics end, and where the logic wants to begin. */
  locateState(ends: Readonly<Record<string, number>>, from: Readonly<Record<string, number>> = {}): void {
    const ranges = new Map(Object.entries(ends).map(([topic, end]) => [topic, { start: 0, end }]));
    this.tell({ kind: 'state-located', ranges, from: new Map(Object.entries(from)) });
  }

  /** Fenced, with empty logs. */
  run(): this {
    this.tell({ kind: 'fenced' });
    if (this.effects.some(({ kind }) => kind === 'locate-state')) this.locateState({ state: 0 });
    const all = this.effects.filter((effect): effect is Locate => effect.kind === 'locate');
    for (const asked of all) this.tell({ kind: 'located', asked, range: { start: 0, end: 0 } });
    this.tell({ kind: 'begun', positions: new Map() });
    const located = this.effects.filter((effect): effect is Locate => effect.kind === 'locate');
    for (const asked of located) this.tell({ kind: 'located', asked, range: { start: 0, end: 0 } });
    this.said.length = 0;
    return this;
  }

  /** Brings records, and decodes them as they are asked for. */
  fetch(batch: FetchedBatch): void {
    this.tell({ kind: 'fetched', batch });
    this.decode();
  }

  decode(): void {
    for (;;) {
      const decode = this.effects.find(({ kind }) => kind === 'decode');
      if (decode?.kind !== 'decode') return;
      this.tell({ kind: 'decoded', values: decode.records.map(() => 'v') });
    }
  }

  #note(effects: readonly PartitionEffect[]): readonly PartitionEffect[] {
    this.effects = effects;
    this.said.push(...effects.map(inWords));
    return effects;
  }
}

function inWords(effect: PartitionEffect): string {
  if (effect.kind === 'write') return `write ${String(effect.group.records)}`;
  if (effect.kind === 'locate') return `locate ${effect.topic} to ${effect.for}`;
  if (effect.kind === 'seek') return `seek ${effect.topic} ${String(effect.offset)}`;
  if (effect.kind === 'pause' || effect.kind === 'resume') return `${effect.kind} ${effect.topic}`;
  if (effect.kind === 'restore') return `restore ${effect.batch.topic} ${String(effect.count)}`;
  if (effect.kind === 'say') return `say ${effect.message}`;
  if (effect.kind === 'give-up') return effect.isFenced ? 'give-up, fenced' : 'give-up';
  if (effect.kind === 'send') return `send ${String(effect.records.length)}`;
  return effect.kind;
}

const committing = (said: readonly string[]): readonly string[] =>
  said.filter((word) => /^(settle|write|was-committed|finished)/.test(word));

describe('ownership', () => {
  test('a doubtful owner fences only once the group has confirmed it as often as it was told', () => {
    const at = new Stage({ confirmations: 2, stateTopics: ['state'] });
    const heard = (confirmations: number): unknown => at.tell({ kind: 'heard', leaseUntil: 1e9, confirmations });
    heard(1);
    expect(at.said).not.toContain('fence');
    heard(1);
    expect(at.said).toContain('fence');
  });

  test('what fails is asked again, with growing pauses, and said', () => {
    const at = new Stage({ stateTopics: ['state'] });
    const error = new Error('no coordinator');
    for (let failure = 0; failure < 3; failure++) {
      at.tell({ kind: 'failed', asked: { kind: 'fence' }, error });
      expect(at.machine.error).toBe(error);
      at.wake(20 * 2 ** failure);
    }
    expect(at.said.filter((word) => word === 'fence')).toHaveLength(4);
    at.tell({ kind: 'fenced' });
    expect([at.machine.error, at.machine.phase]).toEqual([undefined, 'restoring']);
  });

  test('what a person must judge stops the partition, and nothing more is done', () => {
    const at = new Stage().run();
    at.tell({ kind: 'broken', error: new InvariantError('the code is wrong') });
    expect(at.machine.phase).toBe('stopped');
    at.fetch(batchOf('commands', 0, 3));
    expect(at.handled).toEqual([]);
    at.tell({ kind: 'lost' });
    expect(at.machine.phase).toBe('closed');
  });

  test('where a right is missing the partition begins anew after a while', () => {
    const at = new Stage().run();
    at.tell({ kind: 'broken', error: new OperationalError('Expected to write', 'RKT1010', false) });
    expect(at.said.at(-1)).toBe('denied');
    at.wake(11_000);
    expect(at.said.slice(-1)).toEqual(['give-up']);
  });

  test('without a lease nothing is handled; with the next answer of the group it goes on', () => {
    const at = new Stage().run();
    at.now = 2e9;
    at.fetch(batchOf('commands', 0, 3));
    expect(at.handled).toEqual([]);
    at.tell({ kind: 'heard', leaseUntil: 3e9, confirmations: 1 });
    at.decode();
    expect(at.handled).toHaveLength(3);
  });

  test('after a rebalance that leaves the partition here it goes on behind what was fetched', () => {
    const at = new Stage().run();
    at.fetch(batchOf('commands', 0, 3));
    at.said.length = 0;
    at.tell({ kind: 'rejoined', ownedCount: 1 });
    expect(at.said).toEqual(['seek commands 3', 'resume commands']);
  });
});

describe('restore', () => {
  const inputs: readonly ProcessorInput[] = [
    { topic: 'executions', start: 'beginning' },
    { topic: 'commands', start: 'progress' },
  ];
  const restoring = (stateEnd: number, executionsEnd: number): Stage => {
    const at = new Stage({ inputs, stateTopics: ['state'] });
    at.tell({ kind: 'fenced' });
    const [asked] = at.effects.filter((effect): effect is Locate => effect.kind === 'locate');
    at.locateState({ state: stateEnd });
    if (asked !== undefined) at.tell({ kind: 'located', asked, range: { start: 0, end: executionsEnd } });
    return at;
  };

  test('takes what lies before the ends of all topics, and handles what came from behind the last', () => {
    const at = restoring(4, 2);
    at.tell({ kind: 'fetched', batch: batchOf('state', 0, 4) });
    expect(at.said).toContain('restore state 4');
    at.tell({ kind: 'restored' });
    expect(at.said).not.toContain('begin');
    at.tell({ kind: 'fetched', batch: batchOf('executions', 0, 5) });
    expect(at.said).toContain('restore executions 2');
    at.tell({ kind: 'restored' });
    expect(at.said).toContain('begin');
    at.tell({ kind: 'begun', positions: new Map([['commands', 7]]) });
    at.locate('commands', 'go-on', { start: 0, end: 9 });
    expect(at.said).toContain('seek commands 7');
    expect(at.machine.phase).toBe('running');
    at.decode();
    expect(at.handled).toEqual(['executions@2', 'executions@3', 'executions@4']);
  });

  test('what one fetch brings from behind its end comes again when others are still restored', () => {
    const at = restoring(4, 2);
    at.tell({ kind: 'fetched', batch: batchOf('executions', 0, 5) });
    at.tell({ kind: 'restored' });
    expect(at.said).toContain('seek executions 2');
    at.tell({ kind: 'fetched', batch: batchOf('state', 0, 4) });
    at.tell({ kind: 'restored' });
    at.tell({ kind: 'begun', positions: new Map() });
    at.locate('commands', 'go-on', { start: 0, end: 0 });
    at.fetch(batchOf('executions', 2, 5));
    expect(at.handled).toEqual(['executions@2', 'executions@3', 'executions@4']);
  });

  test('a tail without records, aborted or compacted, brings the end too', () => {
    const at = restoring(9, 0);
    at.tell({ kind: 'fetched', batch: batchOf('state', 0, 2) });
    at.tell({ kind: 'restored' });
    at.tell({ kind: 'fetched', batch: batchOf('state', 2, 2, 9) });
    at.tell({ kind: 'restored' });
    expect(at.said).toContain('begin');
  });

  test('the logic may say where the restore begins', () => {
    const at = new Stage({ stateTopics: ['state'] });
    at.tell({ kind: 'fenced' });
    at.locateState({ state: 9 }, { state: 9 });
    expect(at.said).toEqual(expect.arrayContaining(['seek state 9', 'begin']));
  });

  test('one state topic is restored after the other, and all before anything is handled', () => {
    const at = new Stage({ stateTopics: ['open', 'closed'] });
    at.tell({ kind: 'fenced' });
    at.locateState({ open: 2, closed: 3 });
    expect(at.said).toEqual(expect.arrayContaining(['seek open 0', 'seek closed 0', 'resume open', 'pause closed']));
    expect(at.said).not.toContain('resume closed');
    at.tell({ kind: 'fetched', batch: batchOf('closed', 0, 3) });
    at.tell({ kind: 'fetched', batch: batchOf('open', 0, 2) });
    expect(at.said).toContain('restore open 2');
    at.tell({ kind: 'restored' });
    expect(at.said).toContain('resume closed');
    expect(at.said).not.toContain('begin');
    at.tell({ kind: 'fetched', batch: batchOf('closed', 0, 3) });
    expect(at.said.filter((word) => word === 'restore closed 3')).toHaveLength(1);
    at.tell({ kind: 'restored' });
    expect(at.said).toContain('begin');
    expect(at.effects.find(({ kind }) => kind === 'restores')).toMatchObject({ done: 5, total: 5 });
  });

  test('a restore that takes long says how far it is', () => {
    const at = new Stage({ stateTopics: ['state'] });
    at.tell({ kind: 'fenced' });
    at.locateState({ state: 100 });
    at.tell({ kind: 'fetched', batch: batchOf('state', 0, 20) });
    at.now = 10_000;
    at.tell({ kind: 'restored' });
    expect(at.said).toContain('say is being restored: 20 %, 20 records, 2 a second, 80 offsets left');
  });

  test('records that were deleted before they were read stop the partition', () => {
    const at = new Stage({ stateTopics: ['state'] });
    at.tell({ kind: 'fenced' });
    at.locateState({ state: 0 });
    at.tell({ kind: 'begun', positions: new Map([['commands', 10]]) });
    at.locate('commands', 'go-on', { start: 20, end: 30 });
    expect(at.machine.phase).toBe('stopped');
    expect(at.machine.error?.message).toMatch(
      /RKT1005.*go on at offset 10 of .*, but its log has the offsets 20 to 30/,
    );
  });
});

describe('records', () => {
  test('what the records of one fetch have to say does not fill the memory: each waits for room in the outbox', () => {
    const at = new Stage({ answerBytes: 8 * mib }).run();
    at.fetch(batchOf('commands', 0, 30));
    expect(at.handled).toHaveLength(9);
    at.roomBytes = -8 * mib;
    at.wake(100);
    expect(at.handled).toHaveLength(9);
    at.roomBytes = 64 * mib;
    at.wake(5);
    expect(at.handled).toHaveLength(18);
  });

  test('many records are handled in slices, between which the event loop gets its turn', () => {
    const at = new Stage().run();
    at.fetch(batchOf('commands', 0, 600));
    const steps: number[] = [];
    while (at.handled.length < 600) {
      at.tell({ kind: 'wake' });
      at.decode();
      steps.push(at.handled.length);
    }
    expect(steps).toEqual([256, 512, 600]);
  });

  test('a fetched batch that jumps is asked about, and read from where it was expected', () => {
    const at = new Stage().run();
    at.fetch(batchOf('commands', 5, 7));
    expect(at.handled).toEqual([]);
    expect(at.said).toEqual(['locate commands to investigate', 'pause commands']);
    at.locate('commands', 'investigate', { start: 0, end: 9 });
    expect(at.said.slice(2)).toEqual(['seek commands 0', 'resume commands']);
  });

  test('what stands behind another input waits until that has come to where it ended', () => {
    const at = new Stage({
      inputs: [
        { topic: 'commands', start: 'progress' },
        { topic: 'queries', start: 'group', onGap: 'skip', behind: 'commands' },
      ],
    });
    at.tell({ kind: 'fenced' });
    at.tell({ kind: 'begun', positions: new Map() });
    const { effects } = at;
    for (const asked of effects)
      if (asked.kind === 'locate') at.tell({ kind: 'located', asked, range: { start: 0, end: 2 }, from: 2 });
    expect(at.said).not.toContain('resume queries');
    at.fetch(batchOf('commands', 0, 2));
    expect(at.said).toContain('resume queries');
  });

  test('more than may wait pauses the topics', () => {
    const at = new Stage({ tuning: { queueBytesMax: 1000 } }).run();
    at.now = 2e9;
    at.fetch(batchOf('commands', 0, 3));
    expect(at.said).toEqual(['pause commands']);
    at.tell({ kind: 'heard', leaseUntil: 3e9, confirmations: 1 });
    at.decode();
    expect(at.said).toContain('resume commands');
  });
});

describe('groups', () => {
  const running = (tuning: Partial<ProcessorTuning> = {}): Stage =>
    new Stage({ stateTopics: ['state'], tuning: { commitDelayMs: 20, commitIntervalMs: 250, ...tuning } }).run();
  const commitAll = (at: Stage): void => {
    at.tell({ kind: 'settled' });
    at.tell({ kind: 'written', ends: new Map([['state', 1]]) });
  };

  test('are written only after their effects are acknowledged', () => {
    const at = running();
    at.fetch(batchOf('commands', 0, 1));
    at.wake(20);
    expect(at.said.indexOf('send 1')).toBeLessThan(at.said.indexOf('settle'));
    expect(committing(at.said)).toEqual(['settle']);
    commitAll(at);
    expect(committing(at.said)).toEqual(['settle', 'write 1', 'was-committed']);
  });

  test('gather what comes within the delay, and under load within the interval', () => {
    const at = running();
    at.fetch(batchOf('commands', 0, 1));
    at.wake(15);
    at.fetch(batchOf('commands', 1, 3));
    at.wake(5);
    commitAll(at);
    at.fetch(batchOf('commands', 3, 5));
    at.wake(240);
    expect(committing(at.said)).toEqual(['settle', 'write 3', 'was-committed']);
    at.wake(20);
    commitAll(at);
    expect(committing(at.said).slice(3)).toEqual(['settle', 'write 2', 'was-committed']);
  });

  test('of a mere progress wait longer, until a state changes', () => {
    let isChanging = true;
    const handle = ({ key }: InputRecord): Output => ({ effects: [], changedKeys: isChanging ? [key ?? ''] : [] });
    const at = new Stage({ stateTopics: ['state'], tuning: { commitDelayMs: 0 }, logic: { handle } }).run();
    at.fetch(batchOf('commands', 0, 1));
    commitAll(at);
    isChanging = false;
    at.fetch(batchOf('commands', 1, 2));
    at.wake(900);
    expect(committing(at.said)).toHaveLength(3);
    isChanging = true;
    at.fetch(batchOf('commands', 2, 3));
    commitAll(at);
    expect(committing(at.said).slice(3)).toEqual(['settle', 'write 2', 'was-committed']);
  });

  test('that nobody waits for gather all that comes until their turn, unless they are full or the partition is given back', () => {
    const patient = (tuning: Partial<ProcessorTuning> = {}): Stage => {
      const logic = { mayWaitMs: () => Infinity };
      const at = new Stage({ stateTopics: ['state'], ownedCount: 48, logic, tuning }).run();
      at.fetch(batchOf('commands', 0, 1));
      return at;
    };
    const all = patient();
    for (let offset = 1; offset < 30; offset++) {
      all.wake(100);
      all.fetch(batchOf('commands', offset, offset + 1));
    }
    expect(committing(all.said)).toEqual([]);
    all.wake(100);
    all.tell({ kind: 'rejoined', ownedCount: 4 });
    commitAll(all);
    expect(committing(all.said)).toEqual(['settle', 'write 30', 'was-committed']);
    all.fetch(batchOf('commands', 30, 31));
    expect(all.machine.wakesAt - all.now).toBe(1000);

    const full = patient({ groupKeysMax: 2 });
    full.fetch(batchOf('commands', 1, 2));
    const leaving = patient();
    leaving.tell({ kind: 'finish' });
    expect([committing(full.said), committing(leaving.said)]).toEqual([['settle'], ['settle']]);
  });

  test('that are full wait in line, and with two of them input waits', () => {
    const at = running({ groupKeysMax: 2 });
    at.fetch(batchOf('commands', 0, 9));
    expect(at.handled).toHaveLength(4);
    commitAll(at);
    expect(at.handled).toHaveLength(6);
    commitAll(at);
    expect(committing(at.said)).toEqual([
      'settle',
      'write 2',
      'was-committed',
      'settle',
      'write 2',
      'was-committed',
      'settle',
    ]);
  });

  test.each([
    ['fenced', Object.assign(new Error('fenced'), { type: 'INVALID_PRODUCER_EPOCH' }), 'give-up, fenced', 'closed'],
    ['unknown', new Error('nobody knows'), 'give-up', 'closed'],
    [
      'refused for good',
      Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' }),
      'say has stopped: too large',
      'stopped',
    ],
  ])('after a commit that is %s nothing is done any more', (_, error, expected, phase) => {
    const at = running();
    at.fetch(batchOf('commands', 0, 1));
    at.wake(20);
    at.tell({ kind: 'settled' });
    at.tell({ kind: 'unwritten', error });
    expect(at.said).toContain(expected);
    expect(at.machine.phase).toBe(phase);
    at.fetch(batchOf('commands', 1, 5));
    at.wake(5000);
    expect([at.handled.length, committing(at.said)]).toEqual([1, ['settle', 'write 1']]);
  });

  test('that cannot be encoded stop the partition', () => {
    const encodeState = (): never => {
      throw new Error('the code is wrong');
    };
    const at = new Stage({ stateTopics: ['state'], logic: { encodeState } }).run();
    at.fetch(batchOf('commands', 0, 1));
    at.wake(20);
    expect(at.machine.phase).toBe('stopped');
    expect(at.machine.error?.message).toContain('the code is wrong');
  });

  test('at the end are committed whatever the interval says, and nothing more is handled', () => {
    const at = running();
    at.fetch(batchOf('commands', 0, 4));
    at.tell({ kind: 'finish' });
    commitAll(at);
    expect(committing(at.said)).toEqual(['settle', 'write 4', 'was-committed', 'finished']);
    at.fetch(batchOf('commands', 4, 9));
    expect(at.handled).toHaveLength(4);
  });

  test('a partition that is lost during its commit hears no more of it', () => {
    const at = running();
    at.fetch(batchOf('commands', 0, 1));
    at.wake(20);
    at.tell({ kind: 'lost' });
    expect(at.tell({ kind: 'settled' })).toEqual([]);
    expect(at.said).toContain('closed');
  });
});

describe('invariants', () => {
  test.each<[string, PartitionEvent<string>, RegExp]>([
    [
      'an acknowledgement that no group waits for',
      { kind: 'settled' },
      /effects settled that belong to no group.*running; 0 groups, idle/,
    ],
    [
      'a group written that was not to be',
      { kind: 'written', ends: new Map([['state', 1]]) },
      /a group written that it did not commit/,
    ],
    ['a second fence', { kind: 'fenced' }, /was answered what it did not ask: fence/],
    ['a second beginning', { kind: 'begun', positions: new Map() }, /has begun before it was restored/],
  ])('%s stops the partition, with what a person needs to know', (_, event, message) => {
    const at = new Stage({ stateTopics: ['state'] }).run();
    at.tell(event);
    expect(at.machine.phase).toBe('stopped');
    expect(at.machine.error).toBeInstanceOf(InvariantError);
    expect(at.machine.error?.message).toMatch(message);
  });
});
