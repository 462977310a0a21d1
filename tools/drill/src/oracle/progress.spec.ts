import { partitionKey } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import type { Note, Noted } from '../journal.ts';
import { Progress } from './progress.ts';

const idIn = (partition: number, kind: string): string => {
  for (let number = 0; ; number++) {
    const workflowId = kind.startsWith('run-') ? `w${String(number)}` : '';
    const id = workflowId === '' ? `${kind}-${String(number)}` : `${workflowId}-${kind}`;
    if (partitionFor(partitionKey({ namespace: 'default', workflowId, activityId: id }), 2) === partition) return id;
  }
};
const noted = (at: number, note: Note, who = 'client-1'): Noted => ({ at, who, ...note });
const told = (at: number, partition: number, kind: string): readonly Noted[] => {
  const id = idIn(partition, kind);
  return [
    noted(0, { id, note: 'asked', kind, door: 'kafka', startDelayMs: 0 }),
    noted(at, { id, note: 'told', door: 'kafka', outcome: 'completed: "x"' }),
  ];
};
const ran = (at: number): Noted => noted(at, { id: 'a', note: 'ran', attempt: 1, stamp: 1 }, 'worker-1');

test('everyone must move something, in every partition', () => {
  const progress = new Progress(2, ['worker-1']);
  progress.add([...told(10, 0, 'delayed'), ...told(10, 0, 'run-told'), ran(10)], 5);
  expect(progress.missing).toEqual([
    'scheduler of partition 1',
    'timeout-tracker of partition 1',
    'cancellation of partition 1',
  ]);
  progress.add([...told(11, 1, 'delayed'), ...told(11, 1, 'run-told')], 5);
  expect(progress.missing).toEqual([]);
});

test('what happened before counts for nothing', () => {
  const progress = new Progress(1, ['worker-1']);
  progress.add([...told(4, 0, 'delayed'), ...told(4, 0, 'run-told'), ran(4)], 5);
  expect(progress.missing).toHaveLength(4);
});

test('what moves without a timer or a cancellation tells nothing of those who see to them', () => {
  const progress = new Progress(1, []);
  progress.add(told(10, 0, 'quick'), 5);
  expect(progress.missing).toEqual(['timeout-tracker of partition 0', 'cancellation of partition 0']);
});
