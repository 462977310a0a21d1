/** These bytes can never be read, whatever the world does: the record belongs in a dead-letter topic. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`Expected to read a record, but ${reason}`, options);
  }
}
