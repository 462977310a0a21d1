import { createHmac, createSign, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { taskTopic } from '@ratchet/domain';
import { connectKafka } from '@ratchet/kafka';
import { readTopic } from '@ratchet/kafka/testing';
import { topics } from '@ratchet/schemas';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { jwt, namespaces, webhookName, type Attack, type Target, type Told } from '../target.ts';
import { allAtOnce, call, inParallel } from './raw-http.ts';

// What a tenant can do with the credentials of a namespace, to others and to itself.

const namespace = namespaces.attacker;
const queueOfNobody = 'nobody';

const activitiesOf = ({ httpUrl }: Target): string => `${httpUrl}/api/v1/namespaces/${namespace}/activities`;

const startBody = (activityId: string, more: object = {}): object => ({
  activityId,
  activityType: 'nothing',
  taskQueue: queueOfNobody,
  timeouts: { scheduleToClose: '1h' },
  ...more,
});

const start = (target: Target, activityId: string, more: object = {}) =>
  call(activitiesOf(target), { key: target.keys.writer, body: startBody(activityId, more) });

/** Adds what a gRPC call came to; what was cut off by the end of the attack counts for nothing. */
async function addAnswer(told: Told, signal: AbortSignal, asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
    told.add('answered');
  } catch (error) {
    if (!signal.aborted) told.add(`grpc ${String((error as { readonly code?: number }).code)}`);
  }
}

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

const exhausted = 'grpc 8';
const pollCount = 5_000;

const polls: Attack = {
  about: '5,000 polls of one activity with one key',
  run: async (target, told, signal) => {
    await start(target, 'polled');
    const clients = Array.from({ length: 4 }, () => new WorkflowServiceClient(target.grpcAddress, target.keys.reader));
    const asking = allAtOnce(pollCount, async (index) => {
      await pause(index / 5);
      const service = clients[index % clients.length]?.within(120_000);
      if (service === undefined || signal.aborted) return;
      await addAnswer(told, signal, service.pollActivityExecution({ namespace, activityId: 'polled' }));
    });
    await until(signal);
    for (const client of clients) client.close();
    await asking;
    return told.count(exhausted) > 0 ? undefined : 'not one of the polls was one too many';
  },
};

const queueCount = 150;

const queues: Attack = {
  about: '150 activities, each in a task queue of its own',
  run: async (target, told, signal) => {
    const names = Array.from({ length: queueCount }, (_, index) => `queue-${String(index)}`).values();
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (const taskQueue of names) {
          if (signal.aborted) return;
          told.add((await start(target, `in-${taskQueue}`, { taskQueue })).status);
        }
      }),
    );
    await until(signal);
    return undefined;
  },
};

const pollTopics: Attack = {
  about: 'polls of 60 task queues in which nothing was ever started',
  run: async (target, told, signal) => {
    const client = new WorkflowServiceClient(target.grpcAddress, target.keys.worker);
    const names = Array.from({ length: 60 }, () => `polled-${randomUUID()}`);
    const asking = Promise.all(
      names.map((name) =>
        addAnswer(told, signal, client.within(60_000).pollActivityTaskQueue({ namespace, taskQueue: { name } })),
      ),
    );
    await until(signal);
    client.close();
    await asking;
    const connection = await connectKafka({ brokers: target.brokers.split(','), clientId: 'attack' });
    const made = await Promise.all(names.map((name) => connection.partitionCounts.exists(taskTopic(namespace, name))));
    await connection.close();
    const count = made.filter(Boolean).length;
    return count === 0 ? undefined : `${String(count)} topics were made for polls`;
  },
};

const shutdownKeys: Attack = {
  about: 'keys of 3.9 MB of workers that shut down',
  run: async (target, told, signal) => {
    const client = new WorkflowServiceClient(target.grpcAddress, target.keys.worker);
    const taskQueue = queueOfNobody;
    for (let count = 0; count < 100 && !signal.aborted; count++) {
      const workerInstanceKey = String(count).padEnd(3_900_000, 'x');
      await addAnswer(told, signal, client.within(30_000).shutdownWorker({ namespace, workerInstanceKey, taskQueue }));
    }
    await until(signal);
    client.close();
    return told.count('answered') === 0 ? undefined : 'keys of any length were taken';
  },
};

const base64: Attack = {
  about: 'payloads of 5 MiB in base64',
  run: async (target, told, signal) => {
    const payload = { metadata: { encoding: 'YmluYXJ5' }, data: 'A'.repeat(5 * 1024 * 1024) };
    await inParallel(2, signal, async () => {
      told.add((await start(target, randomUUID(), { argsPayloads: [payload] })).status);
    });
    const others = told.besides(400, 413, 429);
    return others.length === 0 ? undefined : `too large a payload was told ${others.join(', ')}`;
  },
};

const traceparents: Attack = {
  about: 'trace contexts of 8 kB',
  run: async (target, told, signal) => {
    const traceparent = 'x'.repeat(8_000);
    const body = startBody('traced');
    for (let count = 0; count < 50; count++) {
      const { status } = await call(activitiesOf(target), { key: target.keys.writer, body, headers: { traceparent } });
      told.add(status);
    }
    await until(signal);
    const connection = await connectKafka({ brokers: target.brokers.split(','), clientId: 'attack' });
    const records = await readTopic(connection, topics.commands);
    await connection.close();
    const carried = records.filter(({ headers }) => String(headers['traceparent'] ?? '').length > 1_000).length;
    return carried === 0 ? undefined : `${String(carried)} records carry it`;
  },
};

function token(target: Target, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const { issuer: iss, audience: aud } = jwt;
  const permissions = [`${namespace}:writer`];
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss, aud, exp, permissions, ...claims })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(target.jwtPrivateKey, 'base64url')}`;
}

const jwtSubjects: Attack = {
  about: 'tokens whose subject is an object, or of 5 kB',
  run: async (target, told, signal) => {
    for (const [what, sub] of [
      ['an object', { name: 'x' }],
      ['5 kB', 'x'.repeat(5_000)],
      ['a name', 'someone'],
    ] as const) {
      const { status } = await call(activitiesOf(target), {
        key: token(target, { sub }),
        body: startBody(randomUUID()),
      });
      told.add(`${what}: ${String(status)}`);
    }
    await until(signal);
    if (told.count('a name: 200') === 0) return 'a good token was not taken';
    const taken = told.count('an object: 200') + told.count('5 kB: 200');
    return taken === 0 ? undefined : 'such a subject was taken for an identity';
  },
};

function delivery({ webhookSecret }: Target, id: string, body: string): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const secret = Buffer.from(webhookSecret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

const webhookReplay: Attack = {
  about: 'a captured webhook delivery, sent again to the next run of its activity',
  run: async (target, told, signal) => {
    const activityId = 'paid-twice';
    const url = `${target.httpUrl}/webhooks/${webhookName}`;
    const body = JSON.stringify({ id: activityId, result: 'captured' });
    await start(target, activityId);
    const headers = delivery(target, randomUUID(), body);
    told.add(`first: ${String((await call(url, { body, headers })).status)}`);
    const client = new WorkflowServiceClient(target.grpcAddress, target.keys.admin);
    await client.within(10_000).deleteActivityExecution({ namespace, activityId });
    client.close();
    await start(target, activityId);
    told.add(`again: ${String((await call(url, { body, headers })).status)}`);
    const { text } = await call(`${activitiesOf(target)}/${activityId}`, { key: target.keys.reader });
    await until(signal);
    if (told.count('first: 200') === 0) return 'the first delivery was not taken';
    return text.includes('"running"') ? undefined : 'it completed the next run with the old result';
  },
};

const metadataAddresses = [
  'http://169.254.169.254/latest/meta-data',
  'http://168.63.129.16/machine',
  'http://[fd00:ec2::254]/latest',
  'http://0xA9FEA9FE/',
] as const;

const callbackAddresses: Attack = {
  about: 'callbacks to the metadata services of clouds',
  run: async (target, told, signal) => {
    for (const url of metadataAddresses) {
      told.add((await start(target, randomUUID(), { callbackUrls: [url] })).status);
    }
    await until(signal);
    return told.count(200) === 0 ? undefined : `${String(told.count(200))} of them were accepted`;
  },
};

const foreignNamespace: Attack = {
  about: 'a foreign namespace, asked for by its id',
  run: async (target, told, signal) => {
    const root = new WorkflowServiceClient(target.grpcAddress, target.rootKey);
    const { namespaceInfo } = await root.within(10_000).describeNamespace({ namespace: namespaces.neighbour });
    root.close();
    const client = new WorkflowServiceClient(target.grpcAddress, target.keys.admin);
    const id = namespaceInfo?.id ?? '';
    await addAnswer(told, signal, client.within(10_000).describeNamespace({ id }));
    client.close();
    await until(signal);
    return told.count('answered') === 0 ? undefined : 'its name was told';
  },
};

export const tenantAttacks = {
  polls,
  queues,
  'poll-topics': pollTopics,
  'shutdown-keys': shutdownKeys,
  base64,
  traceparents,
  'jwt-subjects': jwtSubjects,
  'webhook-replay': webhookReplay,
  'callback-addresses': callbackAddresses,
  'foreign-namespace': foreignNamespace,
} as const satisfies Readonly<Record<string, Attack>>;
