import { StateRows } from './state-rows.ts';
import { MemoryStore } from './state-store.ts';

const offsets = { executions: 1, outcomes: 0 };

/** Rows above a store, whose batches are noted. */
function stage() {
  const store = new MemoryStore();
  const put: (readonly [key: unknown, value: unknown])[] = [];
  const batch = store.batch.bind(store);
  store.batch = () => {
    const own = batch();
    return {
      ...own,
      put: (table, key, value) => {
        put.push([key, value]);
        own.put(table, key, value);
      },
    };
  };
  const rows = new StateRows(store);
  const group = (act: () => void): void => {
    act();
    rows.seal(new Uint8Array());
    rows.committed(offsets);
  };
  const written = (): readonly unknown[] => {
    for (const writing = rows.write(); writing.next().done !== true;);
    return put.splice(0);
  };
  return { rows, group, written };
}

test('a row that was added and goes before it is written never reaches the store', () => {
  const { rows, group, written } = stage();
  group(() => rows.add('activities', 1, 'one'));
  group(() => rows.put('activities', 1, 'other'));
  group(() => rows.put('activities', 1, undefined));
  group(() => rows.add('activities', 2, 'two'));
  expect(written()).toEqual([[2, 'two']]);
  expect(rows.get('activities', 1)).toBeUndefined();
});

test('a row that is in the store, goes, is added again and goes again is gone from the store, too', () => {
  const { rows, group, written } = stage();
  group(() => rows.add('activities', 1, 'one'));
  expect(written()).toEqual([[1, 'one']]);
  group(() => rows.put('activities', 1, undefined));
  group(() => {
    rows.add('activities', 1, 'again');
    expect(rows.get('activities', 1)).toBe('again');
    rows.put('activities', 1, undefined);
  });
  group(() => rows.add('activities', 1, 'again'));
  group(() => rows.put('activities', 1, undefined));
  expect(rows.get('activities', 1)).toBeUndefined();
  expect(written()).toEqual([[1, undefined]]);
  expect(rows.get('activities', 1)).toBeUndefined();
});

test('within a group, what the store has and what replaces it for a moment are both gone', () => {
  const { rows, group, written } = stage();
  group(() => rows.add('activities', 1, 'one'));
  written();
  group(() => {
    rows.put('activities', 1, undefined);
    rows.add('activities', 1, 'again');
    rows.put('activities', 1, undefined);
    expect(rows.get('activities', 1)).toBeUndefined();
  });
  expect(written()).toEqual([[1, undefined]]);
});
