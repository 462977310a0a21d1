import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { leasePort } from '@ratchet/tools-kafka';
import { ROOT } from './chart.ts';
import { startDockerEngine, type DockerEngine } from './docker-engine.ts';
import { ended } from './podman.ts';

let engine: DockerEngine;
beforeAll(async () => {
  engine = await startDockerEngine((line) => {
    process.stdout.write(`${line}\n`);
  });
});
afterAll(() => engine.stop());

it('has testcontainers bring brokers to the tests that want them', async () => {
  // It needs both, Kafka and the registry.
  const spec = 'libs/protocol/src/connect-cluster.broker.spec.ts';
  const { KAFKA_BROKERS: _brokers, SCHEMA_REGISTRY_URL: _registry, ...env } = process.env;
  const { code, stdout, stderr } = await ended('npm', ['run', 'test:broker', '--', spec], {
    env: { ...(env as Record<string, string>), ...engine.env },
  });
  // In one text: a matcher would leave out what the run says.
  expect(`${stderr.slice(-4_000)}\nended with ${String(code)}`).toMatch(/ended with 0$/);
  expect(stdout).toContain('Kafka: in containers, since a Docker engine answers.');
});

it('has `npm run kafka` start Kafka and the registry of docker-compose.yml, and stop them', async () => {
  const main = join(ROOT, 'tools', 'kafka', 'src', 'main.ts');
  const [kafka, registry] = await Promise.all([leasePort(), leasePort()]);
  const ports = { KAFKA_PORT: String(kafka.port), SCHEMA_REGISTRY_PORT: String(registry.port) };
  const launcher = spawn(process.execPath, [main, '--way', 'docker', '--fresh'], {
    cwd: ROOT,
    env: { ...process.env, ...engine.env, ...ports },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of launcher.stdout) {
    printed += String(chunk);
    if (printed.includes('Ctrl-C')) break;
  }
  expect(printed).toContain(`export KAFKA_BROKERS=127.0.0.1:${ports.KAFKA_PORT}\n`);
  launcher.kill('SIGINT');
  const [code] = (await once(launcher, 'exit')) as [number | null];
  expect(code).toBe(0);
  const { stdout } = await ended('podman', ['ps', '--format={{.Names}}']);
  expect(stdout).not.toContain('kafka');
  kafka.release();
  registry.release();
});
