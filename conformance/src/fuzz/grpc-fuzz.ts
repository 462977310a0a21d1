import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Random } from '@ratchet/testing';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { damaged } from './damage.ts';
import { fuzzedRequest, requestTypes, type KnownValues, type MessageType } from './message-fuzz.ts';
import { oddText } from './odd-values.ts';
import { inFlight, type Fault, type FuzzReport } from './report.ts';

export interface GrpcFuzzOptions {
  /** `host:port`. */
  readonly address: string;
  readonly count: number;
  readonly random: Random;
  /** Keeps its task queues and ids apart from others'. */
  readonly prefix: string;
}

/** A call that is answered by then is not held up. */
const deadlineMs = 60_000;
/** Too short for a long poll, which is refused or ends at once. */
const shortPollMs = 1500;
const concurrency = 64;
/** What a server answers that does not know better. */
const faultCodes: readonly number[] = [
  status.INTERNAL,
  status.UNKNOWN,
  status.DATA_LOSS,
  status.DEADLINE_EXCEEDED,
  status.UNAVAILABLE,
  status.CANCELLED,
];

const polls = /^(?:Poll|GetWorkflowExecutionHistory)/;
const ours = [...requestTypes.keys()].filter((name) => name.includes('Activity') || name === 'SignalWorkflowExecution');
const every = [...requestTypes.keys()];

/** Sends malformed requests to every call of the WorkflowService, most to those about activities. */
export async function fuzzGrpc({ address, count, random, prefix }: GrpcFuzzOptions): Promise<FuzzReport> {
  const known = await knownValues(address, prefix);
  const client = new Client(address, credentials.createInsecure());
  const answers = new Map<string, number>();
  const faults: Fault[] = [];
  await inFlight(concurrency, count, async (index) => {
    const method = random.pick(random.oneIn(8) ? every : ours);
    const type = requestTypes.get(method);
    if (type === undefined) throw new Error(`Expected a type for ${method}, but there is none`);
    const bytes = fuzzedRequest(random, type, known);
    const waits = polls.test(method) || (method === 'DescribeActivityExecution' && hasLongPollToken(type, bytes));
    const { code, details } = await call(client, { method, bytes, patienceMs: waits ? shortPollMs : deadlineMs });
    const name = status[code];
    answers.set(name, (answers.get(name) ?? 0) + 1);
    const pollEnded = code === status.DEADLINE_EXCEEDED && waits;
    if (!faultCodes.includes(code) || pollEnded) return;
    faults.push({ what: `${String(index)}: ${method}`, answer: `${name}: ${details}`, bytes });
  });
  client.close();
  return { count, answers: Object.fromEntries(answers), faults };
}

/** Whether it is a long poll; all others must be answered at once. */
function hasLongPollToken(type: MessageType, bytes: Uint8Array): boolean {
  try {
    const { longPollToken } = type.decode(bytes) as { readonly longPollToken?: Uint8Array };
    return longPollToken !== undefined && longPollToken.length > 0;
  } catch {
    return false;
  }
}

interface FuzzedCall {
  readonly method: string;
  readonly bytes: Uint8Array;
  readonly patienceMs: number;
}

function call(
  client: Client,
  { method, bytes, patienceMs }: FuzzedCall,
): Promise<{ readonly code: status; readonly details: string }> {
  return new Promise((resolve) => {
    client.makeUnaryRequest<Uint8Array, Uint8Array>(
      `/temporal.api.workflowservice.v1.WorkflowService/${method}`,
      (request) => Buffer.from(request),
      (response) => response,
      bytes,
      new Metadata(),
      { deadline: Date.now() + patienceMs },
      (error: ServiceError | null) => {
        resolve(error ?? { code: status.OK, details: '' });
      },
    );
  });
}

/** An activity that runs and one that waits, a token and how it may be damaged. */
async function knownValues(address: string, prefix: string): Promise<KnownValues> {
  const service = new WorkflowServiceClient(address);
  const taskQueue = { name: prefix };
  const start = (activityId: string) =>
    service.within(deadlineMs).startActivityExecution({
      namespace: 'default',
      activityId,
      requestId: activityId,
      activityType: { name: 'fuzzed' },
      taskQueue,
      startToCloseTimeout: { seconds: null, nanos: 999_999_999 },
      heartbeatTimeout: null,
    });
  await start(`${prefix}-running`);
  const { taskToken } = await service
    .within(60_000)
    .pollActivityTaskQueue({ namespace: 'default', taskQueue, identity: 'fuzz' });
  await start(`${prefix}-waiting`);
  service.close();
  return {
    namespace: (random) => (random.oneIn(20) ? oddText(random) : 'default'),
    activityId: (random) => `${prefix}-${random.pick(['running', 'waiting', 'a', 'b', 'c'])}`,
    taskQueue: () => taskQueue,
    activityType: () => ({ name: 'fuzzed' }),
    taskToken: (random) => (random.oneIn(3) ? taskToken : damaged(random, taskToken)),
    startToCloseTimeout: () => ({ seconds: null, nanos: 500_000_000 }),
    workflowId: () => '',
    runId: (random) => (random.oneIn(2) ? '' : oddText(random)),
  };
}
