/** Every code here has a page at docs/errors/<code>.md; a test compares the two lists. */
export const operationalErrorCodes = [
  /** no broker answers */ 'RKT1001',
  /** partition fenced: another instance owns it */ 'RKT1002',
  /** topic exists with other settings */ 'RKT1003',
  /** topic is missing */ 'RKT1004',
  /** the log has a gap, or the progress stands outside the log */ 'RKT1005',
  /** a record is larger than a batch may be */ 'RKT1006',
  /** a send was only half written */ 'RKT1007',
  /** the Kafka client has not come back with an answer */ 'RKT1008',
  /** Kafka does not take who this is, or TLS cannot be agreed on */ 'RKT1009',
  /** Kafka does not let this user do it */ 'RKT1010',
  /** the state of a partition was made by a newer version */ 'RKT1011',
  /** the state store of a partition cannot be used */ 'RKT1012',
  /** schema registry does not answer */ 'RKT1101',
  /** schema is incompatible */ 'RKT1102',
  /** schema is not registered */ 'RKT1103',
  /** no answer in time */ 'RKT1201',
  /** a setting of the environment is missing or wrong */ 'RKT1301',
  /** a service has other settings than those of its cluster */ 'RKT1302',
  /** an address to listen on cannot be had */ 'RKT1303',
  /** a namespace is not registered */ 'RKT1304',
] as const;
export type OperationalErrorCode = (typeof operationalErrorCodes)[number];

/** Something outside this process went wrong. Expected in a day's work, so it says whether to try again. */
export class OperationalError extends Error {
  override readonly name: string = 'OperationalError';
  readonly code: OperationalErrorCode;
  /** Whether the same attempt may succeed later without anyone doing anything. */
  readonly retryable: boolean;

  constructor(message: string, code: OperationalErrorCode, retryable: boolean, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.retryable = retryable;
  }
}

/** What a logic knew of its partition cannot be trusted and is thrown away: the partition is dropped and begins anew. */
export class StateDoubtError extends OperationalError {
  override readonly name = 'StateDoubtError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'RKT1012', true, options);
  }
}

/** Another instance took this partition over. Nothing was written; never fight the new owner. */
export class PartitionFencedError extends OperationalError {
  override readonly name = 'PartitionFencedError';
  readonly topic: string;
  readonly partition: number;

  constructor(topic: string, partition: number, options?: ErrorOptions) {
    super(
      `Expected to write state to ${topic}[${String(partition)}], but another instance owns it now`,
      'RKT1002',
      false,
      options,
    );
    this.topic = topic;
    this.partition = partition;
  }
}

/** The bytes can never be read or handled, whatever the world does: the record belongs in a dead-letter topic. */
export class PoisonousRecordError extends Error {
  override readonly name = 'PoisonousRecordError';
}

/** Our own reasoning, or that of a logic, is wrong. Going on would write a lie to the log, so the partition stops. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Whether a person must do something: it does not pass by itself. */
export const isForHumans = (error: Error): boolean =>
  error.name === 'InvariantError' || (error instanceof OperationalError && !error.retryable);
