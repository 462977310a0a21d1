import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { TransientMap } from './transient-map.ts';

const step = fc.record({ act: fc.constantFrom('set', 'delete', 'clear'), key: fc.nat(5), value: fc.nat() });

test('it holds what a Map holds, in the same order', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new Map<number, object>();
      const transient = new TransientMap<number, object>();
      for (const { act, key, value } of steps) {
        const entry = { value };
        if (act === 'set') [map, transient].forEach((each) => each.set(key, entry));
        else if (act === 'delete') expect(transient.delete(key)).toBe(map.delete(key));
        else
          [map, transient].forEach((each) => {
            each.clear();
          });
        const listed: object[] = [];
        transient.forEach((each) => listed.push(each));
        expect([...transient.values()]).toEqual([...map.values()]);
        expect(listed).toEqual([...map.values()]);
        expect([transient.size, transient.has(key), transient.get(key)]).toEqual([
          map.size,
          map.has(key),
          map.get(key),
        ]);
      }
    }),
  );
});

test('what is deleted while it is listed does not come', () => {
  const map = new TransientMap<number, { readonly key: number }>();
  for (const key of [1, 2, 3]) map.set(key, { key });
  const listed: number[] = [];
  for (const { key } of map.values()) {
    listed.push(key);
    map.delete(2);
  }
  expect(listed).toEqual([1, 3]);
});

/** How many major garbage collections 200,000 entries cost, of which a hundred are there at a time. */
function majorCollections(made: string): number {
  const script = `
    const { TransientMap } = await import('${new URL('./transient-map.ts', import.meta.url).href}');
    const map = ${made};
    for (let key = 0; key < 200_000; key++) {
      map.set(key, { key, more: new Array(500).fill(key) });
      map.delete(key - 100);
    }`;
  const options = ['--trace-gc', '--max-semi-space-size=2', '--input-type=module', '--eval', script];
  const printed = execFileSync(process.execPath, options, { encoding: 'utf8' });
  return printed.split('Mark-Compact').length - 1;
}

test('an entry that is deleted is not kept until the next major garbage collection, as of a Map', () => {
  const ofMap = majorCollections('new Map()');
  expect(ofMap).toBeGreaterThan(5);
  expect(majorCollections('new TransientMap()')).toBeLessThan(ofMap / 2);
});
