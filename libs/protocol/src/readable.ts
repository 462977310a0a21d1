import { OperationalError, PoisonousRecordError } from '@ratchet/kafka';
import { SchemaRegistryError, UnreadableRecordError } from '@ratchet/schemas';

/**
 * Says in the words of the legs what the codec says of bytes: what can never be read belongs in a dead-letter topic,
 * and what waits for a registry waits.
 *
 * @param bytes `null` is a tombstone, which no input topic has.
 * @throws PoisonousRecordError, or rejects with it; OperationalError RKT1101 while the registry is away.
 */
export function readable<T>(decode: (bytes: Buffer) => T | Promise<T>, bytes: Buffer | null): T | Promise<T> {
  if (bytes === null) throw new PoisonousRecordError('Expected to read a record, but its value is empty');
  try {
    const value = decode(bytes);
    return value instanceof Promise ? value.catch(inWordsOfTheLegs) : value;
  } catch (error) {
    return inWordsOfTheLegs(error);
  }
}

function inWordsOfTheLegs(error: unknown): never {
  if (error instanceof UnreadableRecordError) throw new PoisonousRecordError(error.message, { cause: error });
  if (error instanceof SchemaRegistryError) {
    const { message, code, retryable } = error;
    throw new OperationalError(message.replace(`[${code}] `, ''), code, retryable, { cause: error });
  }
  throw error;
}
