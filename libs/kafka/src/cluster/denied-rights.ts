import type { Admin } from 'kafkajs';
import { OperationalError } from '../errors.ts';
import { causesOf } from '../kafkajs/kafka-error.ts';
import type { Denied } from '../kafkajs/denied.ts';
import type { Log } from '../log.ts';

/** What someone asks the brokers for takes these rights; by the kind of resource, whose name they may not say in their answer. */
export interface AskedRights {
  readonly topic?: AskedRight;
  readonly group?: AskedRight;
  readonly transactionalId?: AskedRight;
  readonly cluster?: AskedRight;
}

/** As Kafka calls it; several names where one of them may be meant. */
interface AskedRight {
  readonly operation: string;
  readonly name?: string | readonly string[];
}

const kinds = {
  TOPIC_AUTHORIZATION_FAILED: 'topic',
  GROUP_AUTHORIZATION_FAILED: 'group',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'transactionalId',
  // Of a producer: it may write to no topic at all. Whoever asks for nothing of the cluster asked for the topic.
  CLUSTER_AUTHORIZATION_FAILED: 'cluster',
} as const;

const shownKinds = {
  topic: 'topic',
  group: 'group',
  transactionalId: 'transactional id',
  cluster: 'cluster',
} as const satisfies Record<keyof AskedRights, string>;

type DeniedType = keyof typeof kinds;

const isDeniedType = (type: unknown): type is DeniedType => typeof type === 'string' && type in kinds;

/** Whether the brokers know who asks, and do not let him. */
export const isDenied = (error: unknown): error is OperationalError =>
  error instanceof OperationalError && error.code === 'RKT1010';

/**
 * What the brokers do not allow, as RKT1010, which names the right; any other error as it is.
 *
 * It is not retryable: somebody must grant the right first. Services try again, seldom.
 */
export function asDenied<E>(error: E, asked: AskedRights): E | OperationalError {
  if (isDenied(error)) return error;
  const found = deniedIn(error);
  if (found === undefined) return error;
  const key = asked[kinds[found.type]] === undefined ? 'topic' : kinds[found.type];
  const { operation = 'what it asks for', name = [] } = asked[key] ?? {};
  const [told, given] = [new Set(found.names), [name].flat()];
  const named = given.filter((each) => told.has(each));
  const names = [named, found.names, given].find(({ length }) => length > 0) ?? [];
  const resource = [shownKinds[key], names.join(' or ')].join(' ').trim();
  return new OperationalError(
    `Expected to be allowed ${operation} on the ${resource}, but Kafka does not grant it to this user`,
    'RKT1010',
    false,
    { cause: error },
  );
}

/** The same for what a promise is rejected with. */
export const naming = async <R>(asked: AskedRights, asking: Promise<R>): Promise<R> => {
  try {
    return await asking;
  } catch (error) {
    throw asDenied(error, asked);
  }
};

/** The topics or groups that the brokers have named as denied; none where they say only that something is. */
export const deniedNamesOf = (error: unknown): readonly string[] => deniedIn(error)?.names ?? [];

function deniedIn(error: unknown): { readonly type: DeniedType; readonly names: readonly string[] } | undefined {
  for (const cause of causesOf(error)) {
    const type = 'type' in cause ? cause.type : undefined;
    if (isDeniedType(type)) return { type, names: (cause as Denied).denied ?? namesIn(cause) };
    // kafkajs's aggregates: of topics that were to be made, and of groups that were to be deleted.
    for (const each of partsOf(cause)) {
      const part = deniedIn(each);
      if (part !== undefined) return part;
    }
  }
  return undefined;
}

function partsOf(error: Error): readonly unknown[] {
  const { errors, groups } = error as { readonly errors?: unknown; readonly groups?: unknown };
  if (Array.isArray(errors)) return errors as unknown[];
  if (!Array.isArray(groups)) return [];
  return (groups as { readonly error?: unknown }[]).map((group) => group.error);
}

/** kafkajs's `KafkaJSCreateTopicError` knows its topic. */
const namesIn = (error: Error): readonly string[] =>
  'topic' in error && typeof error.topic === 'string' ? [error.topic] : [];

/** A right counts as missing for so long after it was missed. */
const missingMs = 90_000;
const rememberedMax = 100;

/** What the brokers have not allowed a process lately: said in its log, however often it is tried, as a fault that lasts. */
export class DeniedRights {
  readonly #log: Log;
  /** By message: when it was missed last, on the clock of `performance.now()`. */
  readonly #seen = new Map<string, number>();

  /** @param log says what lasts once (`oncePerFault`). */
  constructor(log: Log) {
    this.#log = log;
  }

  /** What is missing now, as far as this process has noticed: messages of RKT1010. */
  get missing(): readonly string[] {
    const since = performance.now() - missingMs;
    return [...this.#seen].filter(([, at]) => at > since).map(([message]) => message);
  }

  /** @param then what becomes of it: `another try follows`. */
  note(error: Error, then: string): void {
    const { message } = error;
    this.#seen.delete(message);
    for (const [oldest] of this.#seen) if (this.#seen.size >= rememberedMax) this.#seen.delete(oldest);
    this.#seen.set(message, performance.now());
    this.#log('error', `${message}; ${then}`, { error });
  }
}

const described = 'Describe, Read or Write';

/** What the methods of kafkajs's administration take, and whose names stand in their arguments. */
const rightsOfMethods: Readonly<Record<string, (argument: unknown) => AskedRights>> = {
  fetchTopicMetadata: (given) => ({ topic: { operation: described, name: topicsIn(given) } }),
  fetchTopicOffsets: (topic) => ({ topic: { operation: described, name: String(topic) } }),
  createTopics: () => ({ topic: { operation: 'Create' } }),
  deleteTopics: (given) => ({ topic: { operation: 'Delete', name: topicsIn(given) } }),
  deleteTopicRecords: (given) => ({ topic: { operation: 'Delete', name: topicsIn(given) } }),
  describeConfigs: (given) => ({ topic: { operation: 'DescribeConfigs', name: resourcesIn(given) } }),
  fetchOffsets: (given) => ({
    topic: { operation: described, name: topicsIn(given) },
    group: { operation: 'Describe or Read', name: (given as { readonly groupId: string }).groupId },
  }),
  describeGroups: (groups) => ({ group: { operation: 'Describe, Read or Delete', name: groups as readonly string[] } }),
  deleteGroups: (groups) => ({ group: { operation: 'Delete', name: groups as readonly string[] } }),
};

function topicsIn(given: unknown): readonly string[] {
  const { topics = [], topic } = (given ?? {}) as { readonly topics?: readonly string[]; readonly topic?: string };
  return topic === undefined ? topics : [topic];
}

const resourcesIn = (given: unknown): readonly string[] =>
  (given as { readonly resources: readonly { readonly name: string }[] }).resources.map(({ name }) => name);

/** kafkajs's administration, whose answers name the right that is missing. */
export const namingAdmin = (admin: Admin): Admin =>
  new Proxy(admin, {
    get: (target, method): unknown => {
      const own: unknown = Reflect.get(target, method);
      const asked = typeof method === 'string' ? rightsOfMethods[method] : undefined;
      if (asked === undefined) return own;
      const ask = own as (...args: readonly unknown[]) => Promise<unknown>;
      return (...args: readonly unknown[]) => naming(asked(args[0]), ask(...args));
    },
  });
