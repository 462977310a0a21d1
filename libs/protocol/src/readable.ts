import { PoisonousRecordError } from '@ratchet/kafka';
import { UnreadableRecordError } from '@ratchet/schemas';

/**
 * Says in the words of the legs what the codec says of bytes: what can never be read belongs in a dead-letter topic.
 * Any other error (a registry that is away) passes as it is, and the record waits.
 *
 * @param bytes `null` is a tombstone, which no input topic has.
 * @throws PoisonousRecordError, or rejects with it.
 */
export function readable<T>(decode: (bytes: Buffer) => T | Promise<T>, bytes: Buffer | null): T | Promise<T> {
  if (bytes === null) throw new PoisonousRecordError('Expected to read a record, but its value is empty');
  try {
    const value = decode(bytes);
    return value instanceof Promise ? value.catch(poisonUnreadable) : value;
  } catch (error) {
    return poisonUnreadable(error);
  }
}

function poisonUnreadable(error: unknown): never {
  if (error instanceof UnreadableRecordError) throw new PoisonousRecordError(error.message, { cause: error });
  throw error;
}
