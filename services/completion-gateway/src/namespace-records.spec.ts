import { epochMillis, millis, type Namespace } from '@ratchet/domain';
import { PoisonousRecordError, type InputRecord } from '@ratchet/kafka';
import { UnreadableRecordError } from '@ratchet/schemas';
import { NamespaceDirectory } from './front-door/namespace-directory.ts';
import { NamespaceRecords } from './namespace-records.ts';

const namespace = (name: string, id: string): Namespace => ({
  name,
  id,
  description: '',
  retentionMs: millis(60_000),
  registeredAt: epochMillis(0),
  limits: { requestsPerSecondMax: 0 },
});
const record = (key: string, value: string | null): InputRecord => ({
  topic: 'namespaces',
  partition: 0,
  offset: 0,
  key,
  value: value === null ? null : Buffer.from(value),
  headers: {},
  timestampMs: 0,
});

/** What its records say; a value is the name and the id, or what comes of reading it. */
const stage = (readings: Readonly<Record<string, () => Namespace | Promise<Namespace>>> = {}) => {
  const directory = new NamespaceDirectory(() => Promise.resolve());
  const decodeNamespace = (bytes: Buffer): Namespace | Promise<Namespace> => {
    const text = bytes.toString();
    const [name = '', id = ''] = text.split('/');
    return readings[text]?.() ?? namespace(name, id);
  };
  const log = () => undefined;
  const records = new NamespaceRecords({ codec: { decodeNamespace }, directory, log, registryPauseMs: 0 });
  return { directory, records };
};

test('the latest record is the truth, even if the schema of an earlier one took longer to come', async () => {
  const { directory, records } = stage({
    'orders/old': () => new Promise((resolve) => setImmediate(() => resolve(namespace('orders', 'old')))),
  });
  void records.take(record('orders', 'orders/old'));
  void records.take(record('orders', 'orders/new'));
  await records.settled;
  expect(directory.find('orders')?.id).toBe('new');
});

test('a deletion is one of them', async () => {
  const { directory, records } = stage();
  void records.take(record('orders', 'orders/1'));
  void records.take(record('orders', null));
  await records.settled;
  expect(directory.find('orders')).toBeUndefined();
});

test('a registry that is away is asked again, and all that came is there then', async () => {
  let away = 2;
  const { directory, records } = stage({
    'orders/1': () => (away-- > 0 ? Promise.reject(new Error('no registry')) : namespace('orders', '1')),
  });
  void records.take(record('orders', 'orders/1'));
  void records.take(record('parcels', 'parcels/1'));
  await records.settled;
  expect(directory.list().map(({ name }) => name)).toEqual(['orders', 'parcels']);
});

test('what can never be read is refused, for the dead letters, and passed over', async () => {
  const { directory, records } = stage({
    'orders/1': () => {
      throw new UnreadableRecordError('nonsense');
    },
  });
  const refused = records.take(record('orders', 'orders/1'));
  void records.take(record('parcels', 'parcels/1'));
  await expect(refused).rejects.toThrow(PoisonousRecordError);
  await records.settled;
  expect(directory.list().map(({ name }) => name)).toEqual(['parcels']);
});

test.each([
  ['under the key of another', 'parcels', {}, 'its key is "parcels", and its name "orders"'],
  ['without a retention', 'orders', { retentionMs: millis(0) }, 'A valid retention period is not set'],
  ['with a limit that is none', 'orders', { limits: { requestsPerSecondMax: -1 } }, 'requestsPerSecondMax must be'],
])('what no gateway writes is refused, and the former stays: %s', async (_, key, change, why) => {
  const { directory, records } = stage({ 'orders/forged': () => ({ ...namespace('orders', 'forged'), ...change }) });
  void records.take(record('orders', 'orders/1'));
  await expect(records.take(record(key, 'orders/forged'))).rejects.toThrow(`Expected to read a namespace, but ${why}`);
  expect(directory.find('orders')?.id).toBe('1');
});
