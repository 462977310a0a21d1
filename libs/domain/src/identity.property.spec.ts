import fc from 'fast-check';
import { executionKey, taskTopic } from './identity.ts';

// Drawn from the characters that could make two names meet.
const name = fc.string({
  unit: fc.constantFrom('a', '2', 'e', 'f', '.', '-', '_', '/', '%', '5', 'é', '€', '😀'),
  maxLength: 6,
});
const names = fc.tuple(name, name, name, name);

test('two execution ids never share a key', () => {
  const key = ([namespace, workflowId, runId, activityId]: readonly [string, string, string, string]): string =>
    executionKey({ namespace, workflowId, runId, activityId });
  fc.assert(
    fc.property(names, names, (one, other) => {
      expect(key(one) === key(other)).toBe(one.join('\0') === other.join('\0'));
    }),
    { numRuns: 2000 },
  );
});

test('two task queues never share a topic, not even as Kafka compares them', () => {
  const topic = (namespace: string, taskQueue: string): string => taskTopic(namespace, taskQueue).replaceAll('_', '.');
  fc.assert(
    fc.property(names, ([namespace, queue, otherNamespace, otherQueue]) => {
      const same = namespace === otherNamespace && queue === otherQueue;
      expect(topic(namespace, queue) === topic(otherNamespace, otherQueue)).toBe(same);
      expect(topic(namespace, queue)).toMatch(/^[A-Za-z0-9.-]+$/);
    }),
    { numRuns: 2000 },
  );
});
