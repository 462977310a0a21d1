import { Random, uniqueName } from '@ratchet/testing';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { fuzzGrpc } from './fuzz/grpc-fuzz.ts';
import { fuzzHttp } from './fuzz/http-fuzz.ts';
import { fuzzRaw, http1Samples, http2Samples } from './fuzz/raw-fuzz.ts';
import type { FuzzReport } from './fuzz/report.ts';
import { serverUnderTest, type ServerUnderTest } from './temporal/server-under-test.ts';

// FUZZ_COUNT requests in all, from FUZZ_SEED; both are printed.

const count = Number(process.env['FUZZ_COUNT'] ?? 5000);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 32);
const prefix = uniqueName('fuzz');

let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest();
});

afterAll(async () => {
  await server.stop();
});

/** It lives, and answers as ever. */
async function expectWell(): Promise<void> {
  const service = new WorkflowServiceClient(server.address);
  const info = await service.within(5000).getSystemInfo({});
  expect(info.serverVersion).not.toBe('');
  service.close();
  if (server.httpUrl !== undefined) expect((await fetch(`${server.httpUrl}/docs`)).status).toBe(200);
}

const told = ({ answers, faults }: FuzzReport): string =>
  [
    `seed ${String(seed)}, answers ${JSON.stringify(answers)}`,
    ...faults
      .slice(0, 20)
      .map(
        ({ what, answer, bytes }) => `${what} -> ${answer} <- ${Buffer.from(bytes).toString('base64').slice(0, 400)}`,
      ),
  ].join('\n');

test('no malformed call of gRPC is answered by a fault, or not at all', async () => {
  const report = await fuzzGrpc({
    address: server.address,
    count: Math.ceil(count * 0.6),
    random: new Random(seed),
    prefix,
  });
  process.stdout.write(`${told(report)}\n`);
  expect(report.faults.length === 0 ? '' : told(report)).toBe('');
  // Some come past every check.
  expect(report.answers['OK']).toBeGreaterThan(0);
  await expectWell();
}, 900_000);

test('nor is one of HTTP', async () => {
  if (server.httpUrl === undefined) return;
  const report = await fuzzHttp({
    url: server.httpUrl,
    count: Math.ceil(count * 0.35),
    random: new Random(seed + 1),
    prefix,
  });
  process.stdout.write(`${told(report)}\n`);
  expect(report.faults.length === 0 ? '' : told(report)).toBe('');
  expect(report.answers['200']).toBeGreaterThan(0);
  await expectWell();
}, 900_000);

test('connections that say nonsense harm no other', async () => {
  const [host = '', port = ''] = server.address.split(':');
  const random = new Random(seed + 2);
  await fuzzRaw({ host, port: Number(port), count: Math.ceil(count * 0.04), random, samples: http2Samples });
  if (server.httpUrl !== undefined) {
    const url = new URL(server.httpUrl);
    const samples = http1Samples;
    await fuzzRaw({ host: url.hostname, port: Number(url.port), count: Math.ceil(count * 0.01), random, samples });
  }
  await expectWell();
}, 900_000);
