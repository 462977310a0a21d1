import type { Note, Noted } from '../journal.ts';
import { latenciesOf, slowdownOf } from './latency.ts';

const noted = (at: number, id: string, note: Record<string, unknown>): Noted =>
  ({ at, who: 'client', id, ...note }) as Noted & Note;
const asked = (at: number, id: string, kind = 'quick'): Noted =>
  noted(at, id, { note: 'asked', kind, door: 'kafka', startDelayMs: 0 });
const told = (at: number, id: string): Noted => noted(at, id, { note: 'told', door: 'kafka', outcome: 'completed: 1' });

const phases = [
  { name: 'quiet', begunAt: 0, endedAt: 100 },
  { name: 'rolling', begunAt: 100, endedAt: 200 },
];

test('an activity counts in the phase in which it was asked for, from then to the first who was told', () => {
  const notes = [
    asked(10, 'a'),
    told(30, 'a'),
    told(90, 'a'),
    asked(99, 'b'),
    told(199, 'b'),
    asked(100, 'c'),
    told(400, 'c'),
  ];
  const latencies = latenciesOf(notes, phases);
  expect(latencies).toEqual([
    { name: 'quiet', count: 2, p50Ms: 100, p99Ms: 100, maxMs: 100, failedCalls: 0 },
    { name: 'rolling', count: 1, p50Ms: 300, p99Ms: 300, maxMs: 300, failedCalls: 0 },
  ]);
  expect(slowdownOf(latencies, { phase: 'rolling', than: 'quiet', timesMax: 2 })).toBe(3);
});

test('what nobody was told of takes for ever, and what takes long on purpose does not count', () => {
  const notes = [
    asked(110, 'a'),
    asked(120, 'b', 'delayed'),
    noted(130, 'a', { note: 'failed-call', door: 'http', why: '503' }),
  ];
  expect(latenciesOf(notes, phases)[1]).toEqual({
    name: 'rolling',
    count: 1,
    p50Ms: Infinity,
    p99Ms: Infinity,
    maxMs: Infinity,
    failedCalls: 1,
  });
});
