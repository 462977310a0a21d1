import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { createServiceMetrics, type ServiceLog, type ServiceMetrics } from '@ratchet/service-kit';
import { apiKeyHash } from './auth/api-keys.ts';
import { createAuthenticator } from './auth/index.ts';
import { FrontDoorError, type FrontDoor } from './front-door/index.ts';
import { startGrpcServer, type RunningGrpcServer } from './grpc/index.ts';
import { openHttpDoor, type HttpDoor } from './http/http-door.ts';
import { limitsFor } from './limits/limits.fixture.ts';
import { CallMetrics } from './call-metrics.ts';

const key = 'rk_0123456789abcdef0123456789abcdef';
const authenticator = createAuthenticator({
  apiKeys: [{ name: 'k', hash: apiKeyHash(key), grants: [{ namespace: '*', role: 'admin' }] }],
});
const bearer = { authorization: `Bearer ${key}` };

let metrics: ServiceMetrics;
let http: HttpDoor;
let grpc: RunningGrpcServer;
beforeEach(async () => {
  metrics = createServiceMetrics('test');
  const counted = new CallMetrics(metrics);
  const missing = (): Promise<never> => Promise.reject(new FrontDoorError('NOT_FOUND', 'There is none.'));
  const frontDoor = {
    activities: { describe: missing },
    attempts: {},
    tasks: {},
    runs: {},
    namespaces: {},
  } as unknown as FrontDoor;
  const common = {
    frontDoor,
    authenticator,
    limits: limitsFor(),
    audit: { refused: () => undefined },
    metrics: counted,
  };
  const settings = { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts: [], environment: 'development' } as const;
  const log = { warn: () => undefined } as unknown as ServiceLog;
  http = await openHttpDoor({ ...common, settings, log });
  grpc = await startGrpcServer({ ...common, host: '127.0.0.1', port: 0, onError: () => undefined });
});
afterEach(async () => {
  await http.close();
  await grpc.stop();
});

async function samples(name: string): Promise<readonly string[]> {
  const text = await metrics.registry.getSingleMetricAsString(name);
  return text
    .split('\n')
    .filter(
      (line) => line.startsWith(name) && !line.includes('_bucket') && !line.includes('_sum') && !line.endsWith(' 0'),
    )
    .map((line) => line.replace(/,?service="test",?/, ''))
    .sort();
}

test('requests over HTTP count by their route, whatever stands in the path', async () => {
  const ask = (path: string, headers: Record<string, string> = bearer): Promise<unknown> =>
    fetch(`${http.url}${path}`, { headers }).then((answer) => answer.text());
  await ask('/api/v1/namespaces/a/activities/one');
  await ask('/api/v1/namespaces/a/activities/two');
  await ask('/api/v1/namespaces/a/activities/three', {});
  for (const path of ['/x', '/y/z', '/%zz']) await ask(path);
  const [described, ...others] = (await samples('service_requests')).filter((line) => line.includes('http'));
  expect(described).toMatch(/^service_requests\{door="http",operation="GET \/api\/v1\/.*:\w+.*"\} 3$/);
  expect(others).toEqual(['service_requests{door="http",operation="unknown"} 2']);
  const errors = await samples('service_error_with_type');
  expect(errors.map((line) => line.replace(/operation="GET [^"]*"/, 'described'))).toEqual([
    'service_error_with_type{door="http",described,error_type="401"} 1',
    'service_error_with_type{door="http",described,error_type="404"} 2',
    'service_error_with_type{door="http",operation="unknown",error_type="404"} 2',
  ]);
  expect(await samples('service_pending_requests')).toEqual([]);
});

test('calls of gRPC count by the published name, and a name of a stranger is unknown', async () => {
  const client = new Client(grpc.address, credentials.createInsecure());
  const call = (path: string, given: Record<string, string>): Promise<unknown> => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(given)) metadata.set(name, value);
    const asIs = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve) => {
      client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), metadata, (error, answer) => {
        resolve(error?.code ?? answer);
      });
    });
  };
  const service = '/temporal.api.workflowservice.v1.WorkflowService';
  await call(`${service}/GetSystemInfo`, bearer);
  await call(`${service}/GetSystemInfo`, {});
  for (const name of ['Nonsense', 'More']) await call(`${service}/${name}`, bearer);
  client.close();
  expect(await samples('service_requests')).toEqual([
    'service_requests{door="grpc",operation="GetSystemInfo"} 2',
    'service_requests{door="grpc",operation="unknown"} 2',
  ]);
  expect(await samples('service_error_with_type')).toEqual([
    'service_error_with_type{door="grpc",operation="GetSystemInfo",error_type="UNAUTHENTICATED"} 1',
    'service_error_with_type{door="grpc",operation="unknown",error_type="UNIMPLEMENTED"} 2',
  ]);
  expect(await samples('service_latency')).toEqual([
    'service_latency_count{door="grpc",operation="GetSystemInfo"} 2',
    'service_latency_count{door="grpc",operation="unknown"} 2',
  ]);
});
