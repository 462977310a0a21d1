/** One topic of an answer to `CreateTopics`, from its version 1 on with the broker's own words. */
interface TopicAnswer {
  readonly topic: string;
  readonly errorCode: number;
  readonly errorMessage?: string | null;
}

/** The part of kafkajs's reader of that answer that is used here: every version has `parse` from this one. */
export interface TopicCreationResponse {
  readonly decode: (rawData: Buffer) => Promise<unknown>;
  readonly parse: (data: { readonly topicErrors: readonly TopicAnswer[] }) => Promise<unknown>;
}

/**
 * Trap: kafkajs reads why a broker does not make a topic ("Invalid value ... for configuration segment.bytes") and tells only
 * the name of the error. Here each error ends with the broker's words.
 */
export const wordedCreation = (own: TopicCreationResponse): TopicCreationResponse => ({
  decode: own.decode,
  parse: async (data) => {
    try {
      return await own.parse(data);
    } catch (error) {
      const words = new Map(data.topicErrors.map(({ topic, errorMessage }) => [topic, errorMessage]));
      for (const each of errorsIn(error)) {
        const said = words.get(each.topic ?? '') ?? '';
        if (said !== '') each.message += ` (${each.topic ?? ''}: ${said})`;
      }
      throw error;
    }
  },
});

interface TopicError extends Error {
  readonly topic?: string;
}

const errorsIn = (error: unknown): readonly TopicError[] =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? (error.errors as TopicError[]) : [];
