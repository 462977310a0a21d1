import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import type { Random } from '@ratchet/testing';
import { damaged } from './damage.ts';
import { oddFraction, oddNumber, oddText } from './odd-values.ts';
import { inFlight, type Fault, type FuzzReport } from './report.ts';

export interface HttpFuzzOptions {
  readonly url: string;
  readonly count: number;
  readonly random: Random;
  /** Keeps its task queues and ids apart from others'. */
  readonly prefix: string;
}

const concurrency = 64;
/** A request that is answered by then is not held up. */
const answerMs = 60_000;

const orders = ['cancel', 'terminate', 'pause', 'unpause', 'reset'];
const reports = ['complete', 'fail', 'heartbeat', 'report-canceled'];
const paths: readonly string[] = [
  '/api/v1/namespaces/default/activities',
  '/api/v1/namespaces/default/activities/ID',
  '/api/v1/namespaces/default/activities/ID/result',
  ...orders.map((order) => `/api/v1/namespaces/default/activities/ID/${order}`),
  ...reports.map((report) => `/api/v1/namespaces/default/activities/ID/${report}`),
  ...reports.map((report) => `/api/v1/namespaces/default/activity-tasks/${report}`),
  '/api/v1/namespaces/default/workflows/ID/signals/ID',
  '/webhooks/ID',
  '/docs',
  '/',
];
const methods: readonly string[] = ['POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'];

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

/** Sends malformed requests to the REST API: odd fields, odd headers, odd addresses, and bodies that are no JSON. */
export async function fuzzHttp({ url, count, random, prefix }: HttpFuzzOptions): Promise<FuzzReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const answers = new Map<string, number>();
  const faults: Fault[] = [];
  await inFlight(concurrency, count, async (index) => {
    const sent = oddRequest(random, prefix);
    const answer = await answerTo(url, agent, sent);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (/^[1-4]\d\d$/.test(answer)) return;
    const what = `${String(index)}: ${sent.method} ${sent.path} ${JSON.stringify(sent.headers)}`;
    faults.push({ what, answer, bytes: sent.body });
  });
  agent.destroy();
  return { count, answers: Object.fromEntries(answers), faults };
}

/** The status, or what went wrong instead. */
function answerTo(url: string, agent: Agent, sent: Sent, triesLeft = 2): Promise<string> {
  const { method, path, headers, body } = sent;
  return new Promise((resolve) => {
    const sending = request(url, { agent, method, path, headers }, (response) => {
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => resolve(String(response.statusCode)));
      response.resume();
      // An event stream has no end of its own.
      if (response.headers['content-type'] === 'text/event-stream') {
        resolve(String(response.statusCode));
        response.destroy();
      }
    });
    sending.setTimeout(answerMs, () => {
      resolve('no answer');
      sending.destroy();
    });
    sending.on('error', (error) => {
      // A connection that was kept may end while the next request is on its way: HTTP/1.1 has that sent again.
      const isReset = 'code' in error && error.code === 'ECONNRESET';
      resolve(isReset && triesLeft > 0 ? answerTo(url, agent, sent, triesLeft - 1) : error.message);
    });
    sending.end(body);
  });
}

function oddRequest(random: Random, prefix: string): Sent {
  const path = random.pick(paths).replaceAll('ID', () => oddId(random, prefix));
  const body = oddBody(random, prefix);
  return {
    method: random.pick(methods),
    path: random.oneIn(20) ? path.replace('default', encodeURIComponent(oddEncodable(random))) : path,
    headers: {
      'content-type': random.oneIn(10) ? headerText(random) : 'application/json',
      'content-length': body.length,
      ...(random.oneIn(10) ? { 'idempotency-key': headerText(random) } : {}),
      ...(random.oneIn(10) ? { authorization: `Bearer ${headerText(random)}` } : {}),
      ...(random.oneIn(10) ? { traceparent: headerText(random) } : {}),
      ...(random.oneIn(20) ? { accept: 'text/event-stream' } : {}),
      ...(random.oneIn(20)
        ? { 'webhook-id': headerText(random), 'webhook-timestamp': '0', 'webhook-signature': 'v1,x' }
        : {}),
    },
    body,
  };
}

const oddEncodable = (random: Random): string => oddText(random).toWellFormed().slice(0, 2000);
const headerText = (random: Random): string =>
  oddText(random)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 2000);

function oddId(random: Random, prefix: string): string {
  if (random.oneIn(3)) return `${prefix}-${random.pick(['a', 'b', 'c'])}`;
  return random.oneIn(5) ? random.pick(['%', '%zz', '%C0%AF', '..', '%00']) : encodeURIComponent(oddEncodable(random));
}

function oddBody(random: Random, prefix: string): Uint8Array {
  switch (random.int(12)) {
    case 0:
      return random.bytes(200);
    case 1:
      return Buffer.from('['.repeat(random.int(50_000)));
    case 2:
      return Buffer.from(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    case 3:
      return new Uint8Array();
    case 4:
      return damaged(random, Buffer.from(JSON.stringify(oddFields(random, prefix))));
    case 5:
      return random.oneIn(20) ? Buffer.alloc(6_000_000, 'x') : Buffer.from('{"__proto__":{"x":1},"constructor":{}}');
    default:
      return Buffer.from(JSON.stringify(oddFields(random, prefix)));
  }
}

/** Fields that requests have, some as they should be. */
function oddFields(random: Random, prefix: string): Readonly<Record<string, unknown>> {
  const right: Readonly<Record<string, unknown>> = {
    activityId: `${prefix}-${random.pick(['a', 'b', 'c'])}`,
    activityType: 'fuzzed',
    taskQueue: prefix,
    timeouts: { startToClose: '1s' },
    runId: '',
    reason: 'fuzzed',
    taskToken: Buffer.from(random.bytes(100)).toString('base64'),
    result: 'done',
    failure: { message: 'failed' },
    details: 1,
    args: [1],
    retry: { maximumAttempts: 1 },
    startDelay: '1s',
    callbackUrls: [],
    header: {},
    idReusePolicy: 'allow-duplicate',
    keepPaused: true,
    requestId: 'r',
    identity: 'i',
    workflowId: '',
  };
  const start = ['activityType', 'taskQueue', 'timeouts'];
  const fields = Object.entries(right).filter(([name]) => (start.includes(name) ? !random.oneIn(4) : random.oneIn(4)));
  return Object.fromEntries(
    fields.map(([name, value]) => [
      name,
      // Only names that are right: each task queue is a topic.
      name !== 'taskQueue' && random.oneIn(3) ? oddJson(random, 3) : value,
    ]),
  );
}

function oddJson(random: Random, depth: number): unknown {
  switch (random.int(depth === 0 ? 5 : 7)) {
    case 0:
      return oddText(random);
    case 1:
      return oddNumber(random);
    case 2:
      return oddFraction(random);
    case 3:
      return null;
    case 4:
      return random.oneIn(2);
    case 5:
      return Array.from({ length: random.int(4) }, () => oddJson(random, depth - 1));
    default:
      return { [oddText(random)]: oddJson(random, depth - 1), message: oddJson(random, depth - 1) };
  }
}
