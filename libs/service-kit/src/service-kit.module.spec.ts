import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GroupMember, PartitionHealth } from '@ratchet/kafka';
import pino from 'pino';
import { protectHealth } from './http-safety.ts';
import { PartitionTransport } from './partition-transport.ts';
import { ServiceKitModule } from './service-kit.module.ts';
import { createServiceMetrics } from './service-metrics.ts';
import type { Readiness, RunnerTools, ServiceRunner } from './service-runner.ts';

/** A runner that is as ready as the test says. */
class Runner implements ServiceRunner {
  starts = 0;
  stops = 0;
  members: GroupMember[] = [];
  now: Readiness = { ready: false, details: { owned: [0, 1], restoring: [1] } };

  start(): Promise<void> {
    this.starts++;
    return Promise.resolve();
  }
  stop(): Promise<void> {
    this.stops++;
    return Promise.resolve();
  }
  readiness(): Readiness {
    return this.now;
  }
}

let app: NestFastifyApplication;

const open = async (
  createRunner: (tools: RunnerTools) => Promise<ServiceRunner>,
  listensOn = '127.0.0.1',
): Promise<void> => {
  const tools = {
    name: 'porter',
    log: pino({ level: 'silent' }),
    metrics: createServiceMetrics('porter'),
    changes: { onChange: () => undefined },
    signal: new AbortController().signal,
    fail: () => undefined,
  };
  const module = ServiceKitModule.create(tools, createRunner);
  const options: Pick<NestApplicationOptions, 'logger' | 'abortOnError'> = { logger: false };
  app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), options);
  protectHealth(app.getHttpAdapter().getInstance(), listensOn);
  app.connectMicroservice({ strategy: app.get(PartitionTransport) });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
};

const get = (url: string) => app.inject({ method: 'GET', url });

afterEach(() => app.close());

test('health tells alive from ready, and what is missing', async () => {
  const runner = new Runner();
  await open(() => Promise.resolve(runner));
  expect((await get('/health/live')).statusCode).toBe(200);
  expect(await get('/health/ready')).toMatchObject({ statusCode: 503 });
  expect((await get('/health/ready')).json()).toMatchObject({ error: { partitions: { state: 'connecting' } } });

  await app.startAllMicroservices();
  expect(runner.starts).toBe(1);
  expect((await get('/health/ready')).json()).toMatchObject({ error: { partitions: { restoring: [1] } } });

  runner.now = { ready: true, details: { owned: [0, 1] } };
  const ready = await get('/health/ready');
  expect(ready.statusCode).toBe(200);
  expect(ready.json()).toMatchObject({ status: 'ok', details: { partitions: { status: 'up', owned: [0, 1] } } });
});

test('who is deaf is not alive, and says by which group; who is only silent is', async () => {
  const runner = new Runner();
  await open(() => Promise.resolve(runner));
  await app.startAllMicroservices();
  runner.members = [
    { groupId: 'heard', silentMs: 0, isDeaf: false },
    { groupId: 'silent', silentMs: 12_000, isDeaf: false },
  ];
  expect((await get('/health/live')).statusCode).toBe(200);
  expect((await get('/metrics')).body).toContain('ratchet_group_silence_seconds{service="porter"} 12');

  runner.members = [...runner.members, { groupId: 'deaf', silentMs: 70_000, isDeaf: true }];
  const dead = await get('/health/live');
  expect(dead.statusCode).toBe(503);
  expect(dead.json()).toMatchObject({ error: { members: { deaf: ['deaf'] } } });
});

test('a partition that does not get on is not alive, and a group that has fallen silent is not ready', async () => {
  const runner = Object.assign(new Runner(), { stuck: (): number[] => [] });
  await open(() => Promise.resolve(runner));
  expect((await get('/health/started')).statusCode).toBe(503);
  await app.startAllMicroservices();
  expect((await get('/health/started')).statusCode).toBe(200);
  runner.now = { ready: true, details: { owned: [0, 1] } };
  runner.members = [{ groupId: 'silent', silentMs: 21_000, isDeaf: false }];
  const ready = await get('/health/ready');
  expect(ready.statusCode).toBe(503);
  expect(ready.json()).toMatchObject({ error: { partitions: { owned: [0, 1], silent: ['silent'] } } });
  expect((await get('/health/live')).statusCode).toBe(200);

  runner.stuck = () => [1];
  const dead = await get('/health/live');
  expect(dead.statusCode).toBe(503);
  expect(dead.json()).toMatchObject({ error: { members: { stuck: [1] } } });
});

test('metrics shows what a runner counts, by service', async () => {
  await open(({ metrics }) => {
    metrics.gauge('ratchet_doors', 'Doors', () => 3);
    metrics.processor.handled?.('t', 0, { records: 5, lag: 2 });
    metrics.outbox.sent?.('steady', { records: 7, bytes: 70, durationMs: 4 });
    return Promise.resolve(new Runner());
  });
  await app.startAllMicroservices();
  const { body, headers } = await get('/metrics');
  expect(headers['content-type']).toContain('text/plain');
  expect(body).toContain('ratchet_doors{service="porter"} 3');
  expect(body).toContain('ratchet_records_handled_total{topic="t",partition="0",service="porter"} 5');
  expect(body).toContain('ratchet_input_lag_records{topic="t",partition="0",service="porter"} 2');
  expect(body).toContain('ratchet_records_sent_total{lane="steady",service="porter"} 7');
  expect(body).toContain('process_resident_memory_bytes{service="porter"}');
  expect(body).toMatch(/^ratchet_heap_limit_bytes\{service="porter"\} [1-9]/m);
});

test('metrics shows what each partition is at, and no longer what it was at', async () => {
  const phases = new Map<number, PartitionHealth['phase']>([
    [0, 'running'],
    [3, 'restoring'],
  ]);
  const partitions = (): Pick<PartitionHealth, 'partition' | 'phase'>[] =>
    Array.from(phases, ([partition, phase]) => ({ partition, phase }));
  await open(() => Promise.resolve(Object.assign(new Runner(), { partitions, stuck: () => [3] })));
  await app.startAllMicroservices();
  const first = (await get('/metrics')).body;
  expect(first).toContain('ratchet_partition_phase{partition="0",phase="running",service="porter"} 1');
  expect(first).toContain('ratchet_partition_phase{partition="3",phase="restoring",service="porter"} 1');
  expect(first).toContain('ratchet_partitions_stuck{service="porter"} 1');

  phases.set(3, 'stopped');
  const second = (await get('/metrics')).body;
  expect(second).toContain('ratchet_partition_phase{partition="3",phase="stopped",service="porter"} 1');
  expect(second).not.toContain('restoring');
});

test('no page of another site sees health and metrics of this machine', async () => {
  await open(() => Promise.resolve(new Runner()));
  const rebound = { method: 'GET', url: '/metrics', headers: { host: 'rebound.evil.example' } } as const;
  expect((await app.inject(rebound)).statusCode).toBe(421);
  const local = await app.inject({ ...rebound, headers: { host: '127.0.0.1:9404' } });
  expect([local.statusCode, local.headers['x-content-type-options']]).toEqual([200, 'nosniff']);
});

test('who is meant to be seen by others is asked by any name', async () => {
  await open(() => Promise.resolve(new Runner()), '0.0.0.0');
  const byName = { method: 'GET', url: '/metrics', headers: { host: 'scheduler.ratchet.svc:8080' } } as const;
  expect((await app.inject(byName)).statusCode).toBe(200);
});

test('a runner that cannot start fails the start with its own reason', async () => {
  await open(() => Promise.reject(new Error('no broker answers')));
  await expect(app.startAllMicroservices()).rejects.toThrow('no broker answers');
});

test('closing during the start waits for the start, then stops the runner and is no longer ready', async () => {
  const runner = new Runner();
  runner.now = { ready: true, details: {} };
  const connected = Promise.withResolvers<ServiceRunner>();
  await open(() => connected.promise);
  const transport = app.get(PartitionTransport);
  const started = app.startAllMicroservices();

  const closed = transport.close();
  connected.resolve(runner);
  await Promise.all([started, closed]);
  expect(runner).toMatchObject({ starts: 0, stops: 1 });
  expect(transport.readiness()).toMatchObject({ ready: false, details: { state: 'stopping' } });
});
