import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaAnswers, registryAnswers } from './answers.ts';
import { startKafka } from './start-kafka.ts';

const folder = mkdtempSync(join(tmpdir(), 'ratchet-kafka-'));
const jars = { folder, way: 'jars' } as const;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const registrySubject = async (registryUrl: string): Promise<void> => {
  const response = await fetch(`${registryUrl}/subjects/kept-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify({ type: 'record', name: 'Kept', fields: [] }) }),
  });
  expect(response.status).toBe(200);
};

const subjects = async (registryUrl: string): Promise<unknown> => (await fetch(`${registryUrl}/subjects`)).json();

async function untilSilent(address: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (await kafkaAnswers(address)) {
    if (Date.now() > end) throw new Error(`Expected ${address} to fall silent, but it still answers`);
    await sleep(100);
  }
}

/** `npm run kafka` in a process of its own; resolves with the broker's address when it has printed it. */
async function launched(): Promise<{ launcher: ChildProcess; brokers: string }> {
  const main = join(import.meta.dirname, 'main.ts');
  const launcher = spawn(process.execPath, [main, '--folder', folder, '--way', 'jars']);
  let printed = '';
  for await (const chunk of launcher.stdout) {
    printed += String(chunk);
    const brokers = /export KAFKA_BROKERS=(\S+)/.exec(printed)?.[1];
    if (brokers !== undefined && printed.includes('Ctrl-C')) return { launcher, brokers };
  }
  throw new Error(`Expected the launcher to say where Kafka answers, but it printed: ${printed}`);
}

describe('Kafka from the jars', () => {
  it('starts, stops, and starts again at the same addresses with the data kept', async () => {
    const first = await startKafka({ ...jars, fresh: true });
    await registrySubject(first.registryUrl);
    await first.stop();
    expect(await kafkaAnswers(first.brokers)).toBe(false);
    expect(await registryAnswers(first.registryUrl)).toBe(false);

    const second = await startKafka(jars);
    try {
      expect([second.brokers, second.registryUrl]).toEqual([first.brokers, first.registryUrl]);
      expect(await subjects(second.registryUrl)).toEqual(['kept-value']);
      await expect(startKafka(jars)).rejects.toThrow(/already runs there/);
    } finally {
      await second.stop();
    }
  });

  it('ends with its launcher, even one that is killed, and its folder is taken over', async () => {
    const { launcher, brokers } = await launched();
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    await untilSilent(brokers);

    const again = await launched();
    expect(again.brokers).toBe(brokers);
    again.launcher.kill('SIGINT');
    const [code] = (await once(again.launcher, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(await kafkaAnswers(brokers)).toBe(false);
  });
});
