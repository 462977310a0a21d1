import { randomUUID } from 'node:crypto';
import { millis, type ActivityOptionsRequest, type ExecutionId } from '@ratchet/domain';
import {
  connectCluster,
  failureToError,
  loadDataConverter,
  openRequestChannel,
  payloadsToValues,
  valuesToPayloads,
  type CommandDraft,
  type CommandReply,
  type DataConverter,
  type RatchetFailure,
} from '@ratchet/protocol';
import type { BrokerAddresses } from '@ratchet/testing';

/** How an activity ended. */
export interface Ended {
  readonly status: string;
  readonly result?: unknown;
  readonly failure?: RatchetFailure;
}

/** An activity that was asked for. */
export interface Asked {
  readonly id: ExecutionId;
  readonly ended: Promise<Ended>;
}

/** Asks for activities, as a client does. */
export interface Asker {
  ask(
    activityType: string,
    options: Omit<ActivityOptionsRequest, 'taskQueue'>,
    ...args: readonly unknown[]
  ): Promise<Asked>;
  /** Sends a command to an activity by its ids. */
  tell(id: ExecutionId, command: ByIds): Promise<CommandReply>;
  close(): Promise<void>;
}

type ByIds = CommandDraft extends infer C
  ? C extends { readonly type: 'RequestCancel' | 'Terminate' | 'Complete' | 'Pause' | 'Reset' }
    ? Omit<C, 'target' | 'requestId' | 'identity'>
    : never
  : never;

const identity = 'asker';

export async function startAsker(
  { brokers, registryUrl }: BrokerAddresses,
  taskQueue: string,
  dataConverter?: DataConverter,
): Promise<Asker> {
  const cluster = await connectCluster({ brokers, registry: registryUrl, clientId: identity, createTopics: false });
  const { channel, close } = await openRequestChannel(cluster);
  const converter = loadDataConverter(dataConverter);

  const outcome = async (id: ExecutionId): Promise<Ended> => {
    const { body } = await channel.awaitOutcome(id);
    if (body.type === 'Refused') throw new Error(body.refusal.message);
    const { status } = body;
    if (body.outcome.type === 'failure')
      return { status, failure: await failureToError(converter, body.outcome.failure) };
    const [result] = await payloadsToValues(converter, body.outcome.result);
    return { status, result };
  };
  return {
    ask: async (activityType, options, ...args) => {
      const id = { namespace: 'default', workflowId: '', runId: randomUUID(), activityId: randomUUID() };
      const { body } = await channel.request({
        type: 'Schedule',
        target: id,
        requestId: randomUUID(),
        identity,
        activityType,
        options: { ...options, taskQueue },
        input: await valuesToPayloads(converter, args),
        header: {},
        idReusePolicy: 'allow-duplicate',
        idConflictPolicy: 'fail',
        shielded: false,
        retentionMs: millis(60_000),
        awaitOutcome: false,
      });
      if (body.type === 'Refused') throw new Error(body.refusal.message);
      return { id, ended: outcome(id) };
    },
    tell: (target, command) => channel.request({ ...command, target, requestId: randomUUID(), identity }),
    close: async () => {
      await close();
      await cluster.close();
    },
  };
}
