import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { eventually, startCluster, uniqueName } from '@ratchet/testing';
import { WireClient } from '../grpc/wire-client.fixture.ts';
import { httpClient, type CallHttp } from '../http/http-client.fixture.ts';
import { apiKeyHash } from './api-keys.ts';

// Who may do what, by either door, on a running cluster.

const [ours, theirs] = [uniqueName('ours'), uniqueName('theirs')];
const keyOf = (name: string): string => `rk_${name}_0123456789abcdef0123456789abcdef`;
const apiKeys = [
  { name: 'operator', namespaces: { '*': 'admin' } },
  { name: 'reader', namespaces: { [ours]: 'reader' } },
  { name: 'worker', namespaces: { [ours]: 'worker' } },
  { name: 'writer', namespaces: { [ours]: 'writer' } },
  { name: 'neighbour', namespaces: { [theirs]: 'admin' } },
].map(({ name, namespaces }) => ({ name, hash: apiKeyHash(keyOf(name)), namespaces }));
const keysFile = join(mkdtempSync(join(tmpdir(), 'ratchet-auth-')), 'api-keys.json');

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let wire: WireClient;
beforeAll(async () => {
  writeFileSync(keysFile, JSON.stringify(apiKeys));
  ratchet = await startCluster({ serviceEnv: { RATCHET_API_KEYS_FILE: keysFile } });
  wire = new WireClient(ratchet.grpcAddress);
  const headers = { authorization: `Bearer ${keyOf('operator')}` };
  for (const namespace of [ours, theirs]) {
    const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
    await wire.call('registerNamespace', { namespace, workflowExecutionRetentionPeriod }, { headers });
  }
}, 180_000);
afterAll(async () => {
  wire.close();
  await ratchet.stop();
});

const as = (name: string): CallHttp => httpClient(ratchet.httpUrl, { authorization: `Bearer ${keyOf(name)}` });
const grpcStatus = async (name: string | undefined, namespace: string, activityId: string): Promise<number> => {
  const headers: Record<string, string> = name === undefined ? {} : { authorization: `Bearer ${keyOf(name)}` };
  return wire.call('describeActivityExecution', { namespace, activityId, runId: '' }, { headers }).then(
    () => status.OK,
    (error: unknown) => (error as { readonly code: number }).code,
  );
};
const taskQueue = uniqueName('auth');
const start = { activityType: 'charge', taskQueue, timeouts: { startToClose: '60s' } };
const pathOf = (namespace: string, activityId: string): string =>
  `/api/v1/namespaces/${namespace}/activities/${activityId}`;

async function started(namespace = ours, name = 'writer'): Promise<string> {
  const { status: code, body } = await as(name)('POST', `/api/v1/namespaces/${namespace}/activities`, start);
  expect(code).toBe(200);
  return String(body['activityId']);
}

test.each<[string, number, number, number, number]>([
  // who, describes, heartbeats, cancels, starts
  ['reader', 200, 403, 403, 403],
  ['worker', 200, 409, 403, 403],
  ['writer', 200, 409, 200, 200],
  ['operator', 200, 409, 200, 200],
  ['neighbour', 403, 403, 403, 403],
  ['nobody', 401, 401, 401, 401],
])('%s by HTTP', async (name, describes, heartbeats, cancels, starts) => {
  const activity = pathOf(ours, await started());
  const call = as(name);
  expect((await call('GET', activity)).status).toBe(describes);
  // Nobody runs it: whoever may say so is told that.
  expect((await call('POST', `${activity}/heartbeat`, {})).status).toBe(heartbeats);
  expect((await call('POST', `${activity}/cancel`, {})).status).toBe(cancels);
  expect((await call('POST', `/api/v1/namespaces/${ours}/activities`, start)).status).toBe(starts);
});

test('the same by gRPC', async () => {
  const activityId = await started();
  expect(await grpcStatus('reader', ours, activityId)).toBe(status.OK);
  expect(await grpcStatus('neighbour', ours, activityId)).toBe(status.PERMISSION_DENIED);
  expect(await grpcStatus('nobody', ours, activityId)).toBe(status.UNAUTHENTICATED);
  expect(await grpcStatus(undefined, ours, activityId)).toBe(status.UNAUTHENTICATED);
});

test('no namespace sees another: not its activities, not whether it exists, not by its task tokens', async () => {
  const activityId = await started();
  // The same id over there is another activity.
  expect((await as('neighbour')('GET', pathOf(theirs, activityId))).status).toBe(404);
  expect((await as('neighbour')('GET', pathOf(uniqueName('nowhere'), activityId))).status).toBe(403);
  const headers = { authorization: `Bearer ${keyOf('worker')}` };
  const poll = { namespace: ours, taskQueue: { name: taskQueue }, identity: 'worker' };
  const { taskToken } = await wire.call('pollActivityTaskQueue', poll, { headers, timeoutMs: 30_000 });
  const report = { taskToken: Buffer.from(taskToken).toString('base64') };
  const complete = (namespace: string, name: string) =>
    as(name)('POST', `/api/v1/namespaces/${namespace}/activity-tasks/complete`, report);
  expect((await complete(theirs, 'neighbour')).status).toBe(400);
  expect((await complete(ours, 'neighbour')).status).toBe(403);
  expect((await complete(ours, 'worker')).status).toBe(200);
});

describe('keys that are changed', () => {
  const isKnown = async (name: string): Promise<boolean> =>
    (await as(name)('GET', pathOf(ours, 'nothing'))).status !== 401;

  test('in their file count without a restart: a stolen one is of no more use', async () => {
    const former = [...apiKeys];
    const { pid } = ratchet.services['completion-gateway'];
    writeFileSync(keysFile, JSON.stringify(former.filter(({ name }) => name !== 'neighbour')));
    await eventually(async () => !(await isKnown('neighbour')));
    expect([await isKnown('reader'), await grpcStatus('neighbour', theirs, 'nothing')]).toEqual([
      true,
      status.UNAUTHENTICATED,
    ]);
    // What is wrong changes nothing, and ends nothing.
    writeFileSync(keysFile, '[{');
    process.kill(pid ?? 0, 'SIGHUP');
    expect(await isKnown('reader')).toBe(true);
    writeFileSync(keysFile, JSON.stringify(former));
    process.kill(pid ?? 0, 'SIGHUP');
    await eventually(() => isKnown('neighbour'));
    expect(ratchet.services['completion-gateway'].pid).toBe(pid);
  });
});
