import { durationMsMax } from '@ratchet/domain';
import fc from 'fast-check';
import Long from 'long';
import { fromMs, toMs } from './times.ts';

const seconds = (count: number | Long, nanos = 0) => ({ seconds: Long.fromValue(count), nanos });

test.each<[what: string, wire: Parameters<typeof toMs>[1], ms: number | undefined]>([
  ['nothing', undefined, undefined],
  ['nothing, said so', null, undefined],
  ['zero', seconds(0), 0],
  ['a whole one', seconds(3), 3000],
  ['a part of a millisecond as one', seconds(0, 1), 1],
  ['a part of one more as one more', seconds(1, 500_000_001), 1501],
  ['a negative one', seconds(-1, -500_000_000), -1500],
  ['more than the longest as the longest', seconds(Long.MAX_VALUE), durationMsMax],
  ['less than nothing by any amount', seconds(Long.MIN_VALUE), 0 - durationMsMax],
])('a duration of the wire is read: %s', (_, wire, ms) => {
  expect(toMs('invalid StartDelay', wire)).toBe(ms);
});

test.each([seconds(1, -1), seconds(-1, 1), seconds(0, 1e9)])('what makes no duration is refused: %j', (wire) => {
  expect(() => toMs('invalid StartDelay', wire)).toThrow(/^invalid StartDelay: /);
});

test('durations come back from the wire', () => {
  fc.assert(
    fc.property(fc.nat(durationMsMax), (ms) => {
      expect(toMs('', fromMs(ms))).toBe(ms);
    }),
  );
});
