import { InvariantError } from '../errors.ts';
import type { Output, PartitionLogic } from './partition-logic.ts';
import { defaultTuning } from './processor-options.ts';
import { noTracing } from '../tracing/spans.ts';
import { RecordHandler } from './record-handler.ts';
import type { InputRecord } from '../record.ts';

const record = (offset: number): InputRecord => ({
  topic: 'input',
  partition: 0,
  offset,
  key: 'k',
  value: Buffer.from('v'),
  headers: {},
  timestampMs: 0,
});

/** A handler whose logic throws what it is given. */
function stage() {
  const connection = { log: (): void => undefined, realName: (name: string) => name, tracing: noTracing };
  const handle = (_: InputRecord, error: Error | undefined): Output => {
    if (error !== undefined) throw error;
    return { effects: [], changedKeys: [] };
  };
  const logic = { handle } as unknown as PartitionLogic<Error | undefined>;
  return new RecordHandler({ connection, service: 'test' }, defaultTuning, logic);
}

test('a record that cannot be handled goes to the dead letters, and the next one is handled', () => {
  const handler = stage();
  handler.handle(record(0), new Error('no such thing'));
  handler.handle(record(1), undefined);
  expect(handler.takeEffects().map(({ topic }) => topic)).toEqual(['input.dlq']);
  expect(handler.positions.get('input')).toBe(2);
});

test('a record that left something half done is not passed over', () => {
  const handler = stage();
  handler.handle(record(0), undefined);
  expect(() => {
    handler.handle(record(1), new InvariantError('half done'));
  }).toThrow(InvariantError);
  expect(handler.takeEffects()).toEqual([]);
  expect(handler.positions.get('input')).toBe(1);
});
