/** An error of kafkajs by which the brokers deny topics or groups: those that their answer denies. */
export interface Denied {
  denied?: readonly string[];
}

/** TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED. */
const deniedCodes: ReadonlySet<unknown> = new Set([29, 30]);

/** What an answer denies, as kafkajs has decoded it: the names beside, or above, each error code that says so. */
export function deniedNames(answer: unknown): readonly string[] {
  const names = new Set<string>();
  collect(answer, undefined, names);
  return [...names];
}

function collect(part: unknown, above: string | undefined, names: Set<string>): void {
  if (typeof part !== 'object' || part === null || Buffer.isBuffer(part)) return;
  const name = nameOf(part) ?? above;
  for (const [key, value] of Object.entries(part)) {
    // The records of a fetch: there may be many, and none of them is denied.
    if (key === 'messages') continue;
    if (/errorcode$/i.test(key) && deniedCodes.has(value) && name !== undefined) names.add(name);
    else collect(value, name, names);
  }
}

function nameOf(part: object): string | undefined {
  const { topic, topicName, name, resourceName, groupId } = part as Record<string, unknown>;
  return [topic, topicName, name, resourceName, groupId].find((each) => typeof each === 'string');
}

/** kafkajs's two steps of reading an answer. */
interface ResponseReader {
  readonly decode: (bytes: Buffer) => Promise<unknown>;
  readonly parse: (decoded: unknown) => Promise<unknown>;
}

/**
 * The same, whose error says which names the answer denies.
 *
 * Trap: kafkajs throws away an answer that holds an error: of a request for ten topics nobody learns which one is denied.
 */
export const namingResponse = ({ decode, parse }: ResponseReader): ResponseReader => ({
  decode,
  parse: async (decoded) => {
    try {
      return await parse(decoded);
    } catch (error) {
      if (deniedCodes.has((error as { readonly code?: unknown }).code)) (error as Denied).denied = deniedNames(decoded);
      throw error;
    }
  },
});
