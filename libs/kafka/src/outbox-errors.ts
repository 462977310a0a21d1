import { OperationalError } from './errors.ts';

/** A topic has fewer partitions than its record believes. */
export const noPartition = (topic: string, partition: number, partitions: number): OperationalError =>
  new OperationalError(
    `Expected to send to partition ${String(partition)} of ${topic}, but it has ${String(partitions)}`,
    'RKT1004',
    false,
  );

/** No topic takes it. */
export const tooLarge = (topic: string, bytes: number, recordBytesMax: number): OperationalError =>
  new OperationalError(
    `Expected to send a record to ${topic}, but it takes ${String(bytes)} bytes, ` +
      `and a record may take ${String(recordBytesMax)}`,
    'RKT1006',
    false,
  );

/** Not what its type says. */
export const notBytes = (topic: string): OperationalError =>
  new OperationalError(`Expected to send bytes to ${topic}, but value, key or a header is none`, 'RKT1006', false);

/** kafkajs says that all is written, and the answers do not. */
export const halfSent = (leftCount: number, sentCount: number): OperationalError =>
  new OperationalError(
    `Expected to have ${String(sentCount)} records acknowledged, but the brokers' answers do not name the partitions ` +
      `of ${String(leftCount)} of them`,
    'RKT1007',
    true,
  );

/** Nobody will send it. */
export const closedError = (): OperationalError =>
  new OperationalError('Expected to send a record, but the outbox is closed', 'RKT1201', false);
