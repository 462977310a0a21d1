import fc from 'fast-check';
import { ExpiryQueue } from './expiry-queue.ts';
import { epochMillis } from './units.ts';

const entry = fc.record({
  expiresAt: fc.nat({ max: 9 }).map(epochMillis),
  version: fc.nat({ max: 3 }),
  key: fc.constantFrom('a', 'b', 'c'),
  isCurrent: fc.boolean(),
});

test('what is due comes in order, without what is no longer current, and stays for the next asker', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 40 }),
      fc.nat({ max: 10 }),
      fc.nat({ max: 10 }),
      (all, before, countMax) => {
        const queue = new ExpiryQueue<(typeof all)[number]>();
        for (const value of all) queue.push({ ...value, value });
        const order = (value: { readonly expiresAt: number; readonly version: number; readonly key: string }): string =>
          `${String(value.expiresAt)} ${String(value.version)} ${value.key}`;
        const expected = all
          .filter(({ isCurrent, expiresAt }) => isCurrent && expiresAt <= before)
          .map(order)
          .sort()
          .slice(0, countMax);
        const due = (): string[] => queue.due(epochMillis(before), countMax, ({ isCurrent }) => isCurrent).map(order);
        expect(due()).toEqual(expected);
        expect(due()).toEqual(expected);
      },
    ),
  );
});
