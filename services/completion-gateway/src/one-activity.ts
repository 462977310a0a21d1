// node services/completion-gateway/dist/one-activity.js --address=host:7233 [...]: runs one activity through a gateway, from its
// start to its outcome, as `helm test` does it. Exits with 0 when it has its outcome, else with 1 and what went wrong.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { WireClient } from './grpc/wire-client.ts';

const { values: options } = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1:7233' },
    namespace: { type: 'string', default: 'default' },
    'timeout-seconds': { type: 'string', default: '60' },
    'api-key-file': { type: 'string' },
    tls: { type: 'boolean', default: false },
    'server-name': { type: 'string' },
    'tls-ca-file': { type: 'string' },
    'tls-certificate-file': { type: 'string' },
    'tls-key-file': { type: 'string' },
  },
});

const { address, namespace } = options;
/** The same for every check, so that checks do not leave queues behind. */
const taskQueue = { name: 'ratchet-check' };
const activityId = `check-${randomUUID()}`;
const input = {
  payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"one activity"') }],
};
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const contentOf = (file: string | undefined): Buffer | null => (file === undefined ? null : readFileSync(file));

function connected(): WireClient {
  const {
    tls,
    'server-name': serverName,
    'tls-ca-file': ca,
    'tls-key-file': key,
    'tls-certificate-file': own,
  } = options;
  if (!tls) return new WireClient(address);
  const channel = credentials.createSsl(contentOf(ca), contentOf(key), contentOf(own));
  return new WireClient(
    address,
    channel,
    serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName },
  );
}

/** Takes whatever waits in the queue, and completes it with what it was given: this check's attempt, or a former one's. */
async function work(client: WireClient, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const poll = { namespace, taskQueue, identity: 'one-activity' };
    const {
      taskToken,
      activityId: polled,
      input: given,
    } = await client.call('pollActivityTaskQueue', poll, {
      headers,
      signal,
      timeoutMs: 60_000,
    });
    if (taskToken.length === 0) continue;
    say(`polled the attempt of ${polled}`);
    const report = { namespace, taskToken, ...(given === null ? {} : { result: given }) };
    await client.call('respondActivityTaskCompleted', report, { headers }).catch((error: unknown) => {
      if (polled === activityId) throw error;
    });
  }
}

async function run(client: WireClient, timeoutMs: number): Promise<string> {
  const key = contentOf(options['api-key-file'])?.toString('utf8').trim();
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const startToCloseTimeout = { seconds: 10 as never };
  const start = { namespace, activityId, activityType: { name: 'check' }, taskQueue, startToCloseTimeout, input };
  const { runId } = await client.call('startActivityExecution', start, { headers, timeoutMs });
  say(`started ${activityId} in ${namespace}`);
  const stop = new AbortController();
  const worker = work(client, headers, stop.signal);
  try {
    const ids = { namespace, activityId, runId };
    const question = client.call('pollActivityExecution', ids, { headers, timeoutMs, signal: stop.signal });
    question.catch(() => undefined);
    const { outcome } = await Promise.race([question, worker.then(() => question)]);
    return (
      outcome?.result?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString()).join() ?? JSON.stringify(outcome)
    );
  } finally {
    stop.abort();
    worker.catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  const { code, details, message } = error as Partial<ServiceError>;
  if (code === status.UNAUTHENTICATED) return `it asks for a key (test.apiKey of the chart): ${details ?? ''}`;
  return code === undefined ? String(message ?? error) : `${status[code]}: ${details ?? ''}`;
}

const client = connected();
const begunAt = Date.now();
try {
  const result = await run(client, Number(options['timeout-seconds']) * 1_000);
  if (result !== '"one activity"') throw new Error(`its outcome is ${result}`);
  say(`completed with ${result} after ${Date.now() - begunAt} ms`);
} catch (error) {
  process.stderr.write(`Expected to run one activity through ${address}, but ${reasonOf(error)}\n`);
  process.exitCode = 1;
} finally {
  client.close();
}
