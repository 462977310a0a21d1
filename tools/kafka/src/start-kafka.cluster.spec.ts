import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitAnswer, kafkaAnswers } from './answers.ts';
import { startKafka } from './start-kafka.ts';

describe('three brokers from the jars', () => {
  it('see one another, lose one, and have it back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ratchet-cluster-'));
    const kafka = await startKafka({ folder, brokers: 3, registry: false });
    try {
      const [first = '', , third = ''] = kafka.brokers.split(',');
      expect(await awaitAnswer(() => kafkaAnswers(first, 3), 60_000)).toBe(true);
      await kafka.killBroker?.(3);
      expect(await kafkaAnswers(third)).toBe(false);
      expect(await awaitAnswer(async () => !(await kafkaAnswers(first, 3)), 60_000)).toBe(true);
      await kafka.startBroker?.(3);
      expect(await awaitAnswer(() => kafkaAnswers(first, 3), 60_000)).toBe(true);
    } finally {
      await kafka.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
