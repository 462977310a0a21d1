import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityClient, type ActivityHandle } from '@ratchet/client';
import { certificates } from '@ratchet/testing/certificates';
import { eventually } from '@ratchet/testing';
import { securedUsers, startKafka, type RunningKafka } from '@ratchet/tools-kafka';
import { grantAll, services } from '@ratchet/tools-start';
import { Context, Worker } from '@ratchet/worker';
import { stringify } from 'yaml';
import { rendered } from './chart.ts';
import { Kubelet, type Pod, type Secrets } from './kubelet.ts';

const GATEWAY = 'ratchet-completion-gateway';
const patient = { deadlineMs: 120_000, pauseMs: 500 };
const newKey = (): string => randomBytes(33).toString('base64');
/** The secret of keys, with one for each of these. */
const apiKeys = (...keys: readonly string[]): Readonly<Record<string, string>> => ({
  'api-key': keys[0] ?? '',
  'api-keys.json': JSON.stringify(
    keys.map((key, at) => ({
      name: `key-${at}`,
      hash: `sha256:${createHash('sha256').update(key).digest('hex')}`,
      namespaces: { default: 'writer' },
    })),
  ),
});
const key = newKey();

let folder: string;
let kafka: RunningKafka;
let node: Kubelet;
let secrets: Secrets;
let client: ActivityClient;
let worker: Worker;
/** What ends what was started, in its order. */
const stops: (() => Promise<unknown>)[] = [];
const pods: Record<string, Pod[]> = {};
/** Every attempt that ran, by what it was given. */
const ran: number[] = [];

/** Values of an installation beside the broker from the jars, as `deploy/examples` has them beside others. */
function values(): object {
  const user = (name: string): object => ({
    kafka: { sasl: { existingSecret: `kafka-${name}`, username: `ratchet-${name}` } },
  });
  return {
    image: { repository: 'docker.io/library/ratchet', tag: 'latest', pullPolicy: 'Never' },
    replicationFactor: 1,
    minInsyncReplicas: 1,
    partitions: 4,
    kafka: {
      brokers: kafka.brokers.split(','),
      tls: { ca: { existingSecret: 'kafka-ca' } },
      sasl: { mechanism: 'scram-sha-512', existingSecret: 'kafka-scheduler', username: 'ratchet-scheduler' },
    },
    registry: { url: kafka.registryUrl },
    token: { existingSecret: 'token' },
    gateway: { apiKeys: { existingSecret: 'api-keys' }, tls: { existingSecret: 'gateway-tls' } },
    pod: { extraEnv: [{ name: 'RATCHET_SESSION_TIMEOUT_MS', value: '6000' }] },
    services: Object.fromEntries(services.map(({ name }) => [name, user(name)])),
    test: { apiKey: { existingSecret: 'api-keys' }, ca: { existingSecret: 'gateway-ca' }, serverName: 'localhost' },
  };
}

function secretsOf({ security }: RunningKafka): Secrets {
  if (security === undefined) throw new Error('Expected a broker that asks who comes, but it does not');
  const { caFile, passwordFile } = security;
  const { authority, server } = certificates;
  return new Map<string, Readonly<Record<string, string>>>([
    ['kafka-ca', { 'ca.crt': readFileSync(caFile, 'utf8') }],
    ...services.map(
      ({ name }) => [`kafka-${name}`, { password: readFileSync(passwordFile(`ratchet-${name}`), 'utf8') }] as const,
    ),
    ['token', { 'token-secret': newKey() }],
    ['api-keys', apiKeys(key)],
    ['gateway-tls', { 'tls.crt': server.certificate, 'tls.key': server.key }],
    ['gateway-ca', { 'ca.crt': authority.certificate }],
  ]);
}

const guest = (who: 'client' | 'worker') => ({
  brokers: kafka.brokers,
  registry: kafka.registryUrl,
  tls: { ca: { file: kafka.security?.caFile ?? '' } },
  sasl: {
    mechanism: 'scram-sha-512' as const,
    username: `ratchet-${who}`,
    password: { file: kafka.security?.passwordFile(`ratchet-${who}`) ?? '' },
  },
});

async function runs(service: string, count: number, change?: Parameters<Kubelet['run']>[1]): Promise<void> {
  for (let number = 0; number < count; number += 1)
    (pods[service] ??= []).push(await node.run(`ratchet-${service}`, change));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ratchet-pods-'));
  kafka = await startKafka({ folder: join(folder, 'kafka'), users: securedUsers });
  stops.push(() => kafka.stop());
  await grantAll(kafka);
  const file = join(folder, 'values.yaml');
  writeFileSync(file, stringify(values()));
  secrets = secretsOf(kafka);
  node = new Kubelet(rendered(file), secrets, folder, {
    [`${GATEWAY}.ratchet.svc`]: () => pods['completion-gateway']?.[0]?.ip ?? '127.0.0.1',
  });
  stops.push(() => node.close());
  await runs('scheduler', 2);
  await runs('timeout-tracker', 1);
  // As OpenShift admits it: a user of the namespace's own range, which the image does not know, in the group 0.
  await runs('cancellation', 1, ({ securityContext, ...spec }) => ({
    ...spec,
    securityContext: { ...securityContext, runAsUser: 1_000_680_000, runAsGroup: 0, fsGroup: 1_000_680_000 },
  }));
  await runs('completion-gateway', 2);
  await Promise.all(Object.values(pods).flatMap((each) => each.map((pod) => node.ready(pod))));
  client = await ActivityClient.connect(guest('client'));
  stops.push(() => client.close());
  worker = await Worker.create({
    ...guest('worker'),
    taskQueue: 'numbers',
    activities: {
      async square(number: number): Promise<number> {
        ran.push(number);
        await Context.current().sleep('300ms');
        return number * number;
      },
    },
    maxConcurrentActivities: 20,
  });
  const working = worker.run();
  stops.push(() => {
    worker.shutdown();
    return working;
  });
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

const podOf = (service: string, at = 0): Pod => {
  const pod = pods[service]?.[at];
  if (pod === undefined) throw new Error(`Expected a pod of ${service}, but there is none`);
  return pod;
};

async function metric(pod: Pod, name: string): Promise<number> {
  const text = await (await fetch(`http://${pod.ip}:8080/metrics`)).text();
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The scheduler that owns something, or the most. */
async function busiest(): Promise<Pod> {
  const owned = await Promise.all(
    (pods['scheduler'] ?? []).map(async (pod) => [await metric(pod, 'ratchet_partitions_owned'), pod] as const),
  );
  const [first] = owned.sort(([a], [b]) => b - a);
  if (first === undefined || first[0] === 0) throw new Error('Expected a scheduler to own partitions, but none does');
  return first[1];
}

const starts = (from: number, count: number): Promise<ActivityHandle[]> =>
  Promise.all(
    Array.from({ length: count }, (_, at) =>
      client.start('square', {
        taskQueue: 'numbers',
        id: `square-${from + at}`,
        args: [from + at],
        timeouts: { startToClose: '20s' },
      }),
    ),
  );

/** Each has its result, once. */
async function allSquared(handles: readonly ActivityHandle[], from: number): Promise<void> {
  const results = await Promise.all(handles.map((handle) => handle.result()));
  expect(results).toEqual(handles.map((_, at) => (from + at) ** 2));
}

it.each(['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'])('%s is alive', async (service) => {
  for (const pod of pods[service] ?? []) expect(await node.probe(pod, 'liveness')).toMatchObject({ isOk: true });
});

it('runs as the chart says: its user, a root that is read only, no capabilities, its memory', async () => {
  const pod = podOf('scheduler');
  const format = '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Memory}} {{json .EffectiveCaps}}';
  expect(await node.inspect(pod, format)).toBe(`10001:10001 true ${2 * 1024 ** 3} null`);
  const heap = await metric(pod, 'ratchet_heap_limit_bytes');
  expect(heap / (2 * 1024 ** 3)).toBeGreaterThan(0.65);
  expect(heap / (2 * 1024 ** 3)).toBeLessThan(0.8);
});

it('does one activity, as `helm test` asks for it', async () => {
  const pod = await node.run('ratchet-test');
  const code = await node.end(pod);
  expect({ code, words: await node.logs(pod) }).toMatchObject({
    code: 0,
    words: expect.stringContaining('completed with "one activity"') as unknown,
  });
});

it('loses nothing when a scheduler is killed, which is not ready until it serves again', async () => {
  const victim = await busiest();
  const handles = await starts(1_000, 60);
  const before = await node.inspect(victim, '{{.State.Pid}}');
  await node.kill(victim);
  await eventually(async () => !(await node.probe(victim, 'readiness')).isOk, patient);
  const rest = await starts(1_060, 20);
  await allSquared([...handles, ...rest], 1_000);
  // restartPolicy: Always
  await eventually(
    async () =>
      (await node.inspect(victim, '{{.State.Running}} {{.State.Pid}}')).startsWith('true') &&
      (await node.inspect(victim, '{{.State.Pid}}')) !== before,
    patient,
  );
  await node.ready(victim);
  expect(await node.inspect(victim, '{{.RestartCount}}')).toBe('1');
});

it.each(['scheduler', 'completion-gateway', 'timeout-tracker', 'cancellation'])(
  '%s drains within its grace when it is deleted, and nothing is lost',
  async (service) => {
    const from = 2_000 + 100 * services.findIndex(({ name }) => name === service);
    const handles = await starts(from, 40);
    const pod = service === 'scheduler' ? await busiest() : podOf(service);
    const { code, tookMs } = await node.delete(pod);
    const rest = await starts(from + 40, 20);
    pods[service] = (pods[service] ?? []).filter((each) => each !== pod);
    await runs(service, 1);
    await allSquared([...handles, ...rest], from);
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(16_000);
    for (const each of pods[service] ?? []) await node.ready(each);
  },
);

it('has run each activity once, since no attempt was lost', () => {
  const often = ran.filter((number, at) => ran.indexOf(number) !== at);
  expect(often).toEqual([]);
});

it('takes a key that is added to its secret, and refuses one that is gone, without a restart', async () => {
  const pod = podOf('completion-gateway');
  const statusWith = (bearer: string): Promise<number> => statusOf(pod, bearer);
  const second = newKey();
  const restarts = await node.inspect(pod, '{{.State.Pid}}');
  expect(await statusWith(key)).toBe(200);
  expect(await statusWith(second)).toBe(401);
  secrets.set('api-keys', apiKeys(second));
  node.project();
  await eventually(async () => (await statusWith(second)) === 200, patient);
  expect(await statusWith(key)).toBe(401);
  expect(await node.inspect(pod, '{{.State.Pid}}')).toBe(restarts);
});

/** What the HTTP API answers to whoever has this key. */
function statusOf(pod: Pod, bearer: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({
      host: pod.ip,
      port: 7243,
      path: '/api/v1/namespaces/default/activities/square-1000/result',
      servername: 'localhost',
      ca: certificates.authority.certificate,
      headers: { authorization: `Bearer ${bearer}` },
      agent: false,
    });
    asking.on('error', reject);
    asking.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asking.end();
  });
}
