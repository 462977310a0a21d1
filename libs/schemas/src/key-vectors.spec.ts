import { describe, expect, it } from '@jest/globals';
import { executionKey, partitionKey, taskTopic } from '@ratchet/domain';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const readme = readFileSync(join(import.meta.dirname, '../../../schemas/README.md'), 'utf8');

/** The rows of the table whose header begins with these columns. A cell is JSON, in backticks where it is text. */
function tableOf(...header: readonly string[]): readonly (readonly unknown[])[] {
  const rows = readme.split('\n').map((line) => line.split('|').slice(1, -1));
  const start = rows.findIndex((cells) => header.every((column, index) => cells[index]?.trim() === column));
  const end = rows.findIndex((cells, index) => index > start && cells.length === 0);
  return rows
    .slice(start + 2, end)
    .map((cells) => cells.map((cell) => JSON.parse(cell.replaceAll('`', '')) as unknown));
}

/** Written again from the description of the algorithm, so that the vectors rest on more than one implementation. */
function murmur2(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  const multiply = (value: number): number => Math.imul(value, 0x5bd1e995);
  const words = Math.floor(bytes.length / 4);
  let hash = 0x9747b28c ^ bytes.length;
  for (let word = 0; word < words; word += 1) {
    const mixed = multiply(bytes.readInt32LE(word * 4));
    hash = multiply(hash) ^ multiply(mixed ^ (mixed >>> 24));
  }
  const rest = bytes.subarray(words * 4);
  if (rest.length > 0) hash = multiply(hash ^ rest.readUIntLE(0, rest.length));
  hash = multiply(hash ^ (hash >>> 13));
  return (hash ^ (hash >>> 15)) | 0;
}

describe('the keys of schemas/README.md', () => {
  const vectors = tableOf('namespace', 'workflowId', 'runId', 'activityId', 'partition key') as readonly [
    string,
    string,
    string,
    string,
    string,
    string,
    number,
    number,
    number,
  ][];

  it('are there', () => {
    expect(vectors.length).toBe(7);
  });

  it.each(vectors)('are built from %j, %j, %j and %j', (...vector) => {
    const [namespace, workflowId, runId, activityId, partition, execution, hash, of4, of12] = vector;
    const id = { namespace, workflowId, runId, activityId };
    expect(partitionKey(id)).toBe(partition);
    expect(executionKey(id)).toBe(execution);
    expect(murmur2(partition)).toBe(hash);
    expect([4, 12].map((count) => (hash & 0x7fffffff) % count)).toEqual([of4, of12]);
  });

  // From the tests of Kafka's own org.apache.kafka.common.utils.Utils.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['abc', 479470107],
  ])('hash %j as Kafka does', (text, hash) => {
    expect(murmur2(text)).toBe(hash);
  });

  it.each(tableOf('namespace', 'taskQueue') as readonly [string, string, string][])(
    'name the topic of %j, %j',
    (namespace, taskQueue, topic) => {
      expect(taskTopic(namespace, taskQueue)).toBe(topic);
    },
  );
});
