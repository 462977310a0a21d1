import { ActivityClient } from '@ratchet/client';
import type { Command } from '@ratchet/domain';
import { partitionFor, ReplyInbox, type InputRecord } from '@ratchet/kafka';
import { connectCluster, type Cluster } from '@ratchet/protocol';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { ApplicationFailure, CompleteAsyncError, Context, Worker } from '@ratchet/worker';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import { OtlpReceiver, treeOf, type ReceivedSpan } from './otlp-receiver.fixture.ts';
import { calledWith, registerSdk } from './tracing.fixture.ts';

const { brokers, registryUrl } = connectBroker();
const taskQueue = uniqueName('traced');
const unsampled = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  tracestate: 'vendor=opaque',
  baggage: 'tenant=a,plan=gold',
};

let otlp: OtlpReceiver;
let sdk: TracerProvider;
let hook: Server;
const told: IncomingHttpHeaders[] = [];
let ratchet: Awaited<ReturnType<typeof startCluster>>;
let cluster: Cluster;
let worker: Worker;
let running: Promise<void>;
let client: ActivityClient;

/** Fails once, so that a timer takes part. */
const charge = (): Promise<string> => {
  if (Context.current().info.attempt === 1) throw ApplicationFailure.retryable('not yet');
  return Promise.resolve('paid');
};

const greet = (): Promise<string> => Promise.resolve('hello');

/** Someone else will complete it. */
const wait = (): Promise<never> => Promise.reject(new CompleteAsyncError());

beforeAll(async () => {
  otlp = await OtlpReceiver.open();
  sdk = registerSdk(otlp.url);
  hook = createServer(({ headers }, response) => {
    told.push(headers);
    response.end();
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  ratchet = await startCluster({
    serviceEnv: {
      RATCHET_OTLP_ENDPOINT: otlp.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      RATCHET_CALLBACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
      RATCHET_CALLBACK_HOSTS: '127.0.0.1',
    },
  });
  cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'trace-context', createTopics: false });
  worker = await Worker.create({ brokers, registry: registryUrl, taskQueue, activities: { charge, greet, wait } });
  running = worker.run();
  client = await ActivityClient.connect({ brokers, registry: registryUrl });
  // The first activity of a queue has its topic made.
  await client.execute('greet', { taskQueue, timeouts: { startToClose: '10s' } });
});

afterAll(async () => {
  await Promise.all(inboxes.map((inbox) => inbox.close()));
  await client.close();
  worker.shutdown();
  await running;
  await cluster.close();
  await ratchet.stop();
  await sdk.shutdown();
  otlp.close();
  hook.close();
  hook.closeAllConnections();
});

const inboxes: ReplyInbox[] = [];

const decodedCommand = async ({ value }: InputRecord): Promise<Command> => {
  if (value === null) throw new Error('Expected a command, but the record has no value');
  return cluster.codec.decodeCommand(value);
};

async function readAll(topic: string, partitions: readonly number[], records: InputRecord[]): Promise<void> {
  const opened = partitions.map(
    (partition) =>
      new ReplyInbox({
        connection: cluster.connection,
        topic,
        partition,
        onRecord: (record) => {
          records.push(record);
        },
      }),
  );
  inboxes.push(...opened);
  await Promise.all(opened.map((inbox) => inbox.open()));
}

test('what its caller does not sample goes through every hop as it came, over a retry, and has no span', async () => {
  const activityId = uniqueName('activity');
  const records: InputRecord[] = [];
  const own = partitionFor(`default//${activityId}`, 4);
  const tasks = `ratchet.activity.tasks.default.${taskQueue.replaceAll('-', '-2d')}`;
  await Promise.all([
    readAll('ratchet.activity.commands', [own], records),
    readAll('ratchet.activity.executions', [own], records),
    readAll(
      'ratchet.replies',
      Array.from({ length: 12 }, (_, partition) => partition),
      records,
    ),
    readAll(tasks, [0, 1, 2, 3], records),
  ]);

  await calledWith(unsampled, () => client.execute('charge', startOf(activityId)));
  const recordsOf = (topic: string): readonly InputRecord[] =>
    records.filter((record) => record.topic === topic && (record.key ?? '').includes(activityId));
  // Replies to activities of other tests, which the services may still see through, come to the same topic.
  const replies = async (): Promise<readonly InputRecord[]> => {
    const commands = await Promise.all(recordsOf('ratchet.activity.commands').map(decodedCommand));
    const addresses = commands.map(({ replyTo }) => replyTo?.address);
    return records.filter(({ topic, key }) => topic === 'ratchet.replies' && key !== null && addresses.includes(key));
  };
  // Schedule, Claim, Fail, DispatchDue (perhaps more than once), Claim, Complete.
  await eventually(() => recordsOf('ratchet.activity.commands').length >= 6);
  await eventually(() => recordsOf(tasks).length === 2);
  await eventually(() => recordsOf('ratchet.activity.executions').length > 0);
  // Two grants, the answers to Fail and Complete, the outcome.
  await eventually(async () => (await replies()).length >= 5);

  const found = [
    ...['ratchet.activity.commands', 'ratchet.activity.executions', tasks].flatMap(recordsOf),
    ...(await replies()),
  ];
  const seen = new Set(
    found.map(({ headers: { traceparent, tracestate, baggage } }) => [traceparent, tracestate, baggage].join(' ')),
  );
  expect([...seen]).toEqual([Object.values(unsampled).join(' ')]);
  await sdk.forceFlush();
  expect(otlp.of('0af7651916cd43dd8448eb211c80319c')).toEqual([]);
});

test('an activity with a retry is one tree of spans', async () => {
  const activityId = uniqueName('activity');
  await client.execute('charge', startOf(activityId));
  const whole = await wholeTree(({ attributes }) => attributes['ratchet.activity.id'] === activityId, isToldToAll);
  expect(`\n${treeOf(withoutRepetitions(whole), nameOf)}`).toBe(`
producer send commands Schedule
  consumer process commands Schedule
    producer send tasks 1
      consumer process tasks 1
        producer send commands Claim
          consumer process commands Claim
            producer send replies Claim
            client settle commands
        internal RunActivity:charge 1 failed
        producer send commands Fail
          consumer process commands Fail
            producer send replies Fail
            producer send commands DispatchDue
              consumer process commands DispatchDue
                producer send tasks 2
                  consumer process tasks 2
                    producer send commands Claim
                      consumer process commands Claim
                        producer send replies Claim
                        client settle commands
                    internal RunActivity:charge 2
                    producer send commands Complete
                      consumer process commands Complete
                        producer send replies Complete
                        producer send replies Complete
                        client settle commands
                    client settle tasks
                client settle commands
            client settle commands
        client settle tasks
    client settle commands`);
  const services = new Set(whole.map(({ service }) => service.replace(/^unknown.*/, 'client and worker')));
  expect([...services].sort()).toEqual(['client and worker', 'ratchet-scheduler', 'ratchet-timeout-tracker']);
  expect(whole.find(({ name }) => name.startsWith('process ratchet.activity.commands'))?.attributes).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'ratchet.activity.commands',
    'messaging.destination.partition.id': String(partitionFor(`default//${activityId}`, 4)),
    'messaging.consumer.group.name': 'ratchet-scheduler',
    'messaging.kafka.message.key': `default//${activityId}`,
    'ratchet.namespace': 'default',
    'ratchet.activity.id': activityId,
  });
});

test('a request by HTTP and a callback are parts of the trace of their caller', async () => {
  const activityId = uniqueName('activity');
  const traceId = 'b'.repeat(32);
  const traceparent = `00-${traceId}-${'c'.repeat(16)}-01`;
  const { port } = hook.address() as AddressInfo;
  const answer = await fetch(`${ratchet.httpUrl}/api/v1/namespaces/default/activities`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent, tracestate: 'vendor=opaque', baggage: 'tenant=a' },
    body: JSON.stringify({
      activityId,
      activityType: 'greet',
      taskQueue,
      timeouts: { startToClose: '10s' },
      callbackUrls: [`http://127.0.0.1:${String(port)}/told`],
    }),
  });
  expect(answer.status).toBeLessThan(300);
  const isTold = (spans: readonly ReceivedSpan[]): boolean => spans.some(({ name }) => name === 'POST');
  const spans = await wholeTree((span) => span.traceId === traceId, isTold, 'c'.repeat(16));
  expect(spans.find(({ parentSpanId }) => parentSpanId === 'c'.repeat(16))).toMatchObject({
    name: 'POST /api/v1/namespaces/:namespace/activities',
    kind: 2,
    service: 'ratchet-completion-gateway',
    attributes: { 'http.response.status_code': answer.status },
  });
  const [callback] = told;
  const post = spans.find(({ name }) => name === 'POST');
  expect(callback).toMatchObject({
    traceparent: `00-${traceId}-${String(post?.spanId)}-01`,
    tracestate: 'vendor=opaque',
  });
  expect(callback).not.toHaveProperty('baggage');
});

test('who completes it in a trace of its own is linked with that of the activity, and who has none joins it', async () => {
  const [own, other] = ['d'.repeat(32), 'e'.repeat(32)];
  for (const headers of [{ traceparent: `00-${other}-${'c'.repeat(16)}-01` }, {}]) {
    const activityId = uniqueName('activity');
    const of = `${ratchet.httpUrl}/api/v1/namespaces/default/activities/${activityId}`;
    await calledWith({ traceparent: `00-${own}-${'c'.repeat(16)}-01` }, () =>
      client.start('wait', { id: activityId, taskQueue, timeouts: { startToClose: '60s' } }),
    );
    const body = JSON.stringify({});
    const ask = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
    await eventually(async () => (await fetch(`${of}/complete`, ask)).ok);
    const isDone = ({ attributes: of, name }: ReceivedSpan): boolean =>
      name === 'process ratchet.activity.commands' &&
      of['ratchet.activity.id'] === activityId &&
      of['ratchet.message.type'] === 'Complete' &&
      of['ratchet.refused'] === undefined;
    await eventually(() => otlp.spans.some(isDone));
    const done = otlp.spans.filter(isDone).at(-1);
    if ('traceparent' in headers) {
      expect(done?.traceId).toBe(other);
      expect(done?.links.map(({ traceId }) => traceId)).toEqual([own]);
    } else expect(done?.traceId).toBe(own);
  }
});

const startOf = (id: string) => ({
  id,
  taskQueue,
  timeouts: { startToClose: '10s' } as const,
  retry: { initialInterval: 50 },
});

/** The answer to the worker and the outcome are sent, and it is written down that they are. */
const isToldToAll = (spans: readonly ReceivedSpan[]): boolean =>
  spans.filter(
    ({ name, attributes }) => name.startsWith('process ') && attributes['ratchet.message.type'] === 'Complete',
  ).length === 1 && spans.filter(({ name }) => name.startsWith('settle ratchet.activity.tasks')).length === 2;

/** All spans of a trace, once every one's parent is there and what is looked for, too. */
async function wholeTree(
  isOne: (span: ReceivedSpan) => boolean,
  isWhole: (spans: readonly ReceivedSpan[]) => boolean,
  rootParent = '',
): Promise<readonly ReceivedSpan[]> {
  let spans: readonly ReceivedSpan[] = [];
  const orphans = (): readonly ReceivedSpan[] => {
    const ids = new Set(['', rootParent, ...spans.map(({ spanId }) => spanId)]);
    return spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
  };
  const hasAllSettled = (): boolean =>
    spans
      .filter(({ name }) => name === 'process ratchet.activity.commands')
      .every(({ spanId }) =>
        spans.some(({ name, parentSpanId }) => parentSpanId === spanId && name.startsWith('settle ')),
      );
  await eventually(() => {
    spans = otlp.of(otlp.spans.find(isOne)?.traceId ?? '');
    return isWhole(spans) && orphans().length === 0 && hasAllSettled();
  });
  return spans;
}

/** A timer is proposed again and again until it is seen to have had its effect: of those, the one that had it. */
function withoutRepetitions(spans: readonly ReceivedSpan[]): readonly ReceivedSpan[] {
  const childrenOf = ({ spanId }: ReceivedSpan) => spans.filter(({ parentSpanId }) => parentSpanId === spanId);
  const isVain = (span: ReceivedSpan): boolean =>
    span.attributes['ratchet.message.type'] === 'DispatchDue' &&
    !childrenOf(span).some(({ name }) => name.startsWith('send ratchet.activity.tasks')) &&
    childrenOf(span).every((child) => isVain(child) || child.name.startsWith('settle '));
  const vain = new Set(spans.filter(isVain).map(({ spanId }) => spanId));
  return spans.filter(({ spanId, parentSpanId }) => !vain.has(spanId) && !vain.has(parentSpanId));
}

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

const nameOf = ({ kind, name, attributes, status }: ReceivedSpan): string =>
  [
    kinds[kind],
    name.replace(/ratchet\.(activity\.)?(\w+)\S*/, '$2'),
    ...(name.startsWith('settle ') ? [] : [attributes['ratchet.message.type'] ?? attributes['ratchet.attempt']]),
    ...(status === 2 ? ['failed'] : []),
  ].join(' ');
