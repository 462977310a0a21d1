import {
  checkCancellationRecord,
  epochMillis,
  partitionKey,
  type CancellationRecord,
  type Command,
  type ForwardedFrom,
} from '@ratchet/domain';
import {
  deadLetter,
  partitionFor,
  PoisonousRecordError,
  readTrace,
  type InputRecord,
  type Output,
  type OutputRecord,
  type PartitionLogic,
  type Positions,
} from '@ratchet/kafka';
import { readable, type TaskTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { forwardedCommands } from './forwarded-commands.ts';
import { NoticeBook } from './notice-book.ts';
import { Notifier, type NotifierParts } from './notifier.ts';

export interface CancellationLogicParts extends Omit<NotifierParts, 'book'> {
  readonly codec: NotifierParts['codec'] & {
    encodeCommand(command: Command): Buffer;
    decodeCancellation(bytes: Buffer): CancellationRecord | Promise<CancellationRecord>;
  };
  /** Proves to the scheduler that a command was forwarded from the place that it names. */
  readonly signer: Pick<TaskTokenSigner, 'signForwarding'>;
  /** How many partitions the co-partitioned topics have. */
  readonly partitions: number;
}

const nothing: Output = { effects: [], changedKeys: [] };

/**
 * The cancellation protocol of one partition: requests and pages become commands, notices go to workers.
 *
 * All it must remember is in `cancellations` itself: the group's offset never passes a notice that is not settled, so
 * whoever gets the partition next finds it again. What is read again is forwarded again, and known by its
 * `forwardedFrom`; notices are told again, and known by the worker.
 */
export class CancellationLogic implements PartitionLogic<CancellationRecord> {
  readonly #parts: CancellationLogicParts;
  readonly #book = new NoticeBook();
  readonly #notifier: Notifier;

  constructor(parts: CancellationLogicParts) {
    this.#parts = parts;
    this.#notifier = new Notifier({ ...parts, book: this.#book });
  }

  /** Notices that are not settled; none once it is closed. */
  get pendingCount(): number {
    return this.#book.size;
  }

  restore(): void {
    throw new Error('Expected to have no state, but was asked to restore it');
  }

  restored(): Positions {
    return new Map();
  }

  decode({ value }: InputRecord): CancellationRecord | Promise<CancellationRecord> {
    const cancellation = readable((bytes) => this.#parts.codec.decodeCancellation(bytes), value);
    return cancellation instanceof Promise ? cancellation.then(checked) : checked(cancellation);
  }

  about(cancellation: CancellationRecord): object {
    return cancellation;
  }

  handle(record: InputRecord, cancellation: CancellationRecord): Output {
    switch (cancellation.type) {
      case 'NotifyWorker':
        return { ...nothing, effects: this.#notifier.take(cancellation, record, readTrace(record.headers)) };
      case 'NoticeSettled':
        this.#book.settle(cancellation);
        return nothing;
      case 'CancelActivity':
      case 'CancelRun':
      case 'FanOut':
        return { ...nothing, effects: this.#forward(record, cancellation) };
    }
  }

  encodeState(): readonly [] {
    return [];
  }

  encodeProgress(): OutputRecord {
    throw new Error('Expected to have no progress, but was asked for it');
  }

  /** Not past a notice that is not settled: after a crash it must be found again. */
  resumeAt(handled: Positions): Positions {
    const oldest = this.#book.oldestOffset();
    return new Map([...handled].map(([topic, offset]) => [topic, Math.min(offset, oldest)]));
  }

  close(): void {
    this.#notifier.stop();
    this.#book.clear();
  }

  #forward(record: InputRecord, cancellation: Parameters<typeof forwardedCommands>[0]): readonly OutputRecord[] {
    const id = 'target' in cancellation ? cancellation.target : { ...cancellation.run, activityId: '' };
    const key = partitionKey(id);
    const { partition } = this.#parts.context;
    if (partitionFor(key, this.#parts.partitions) !== partition)
      return this.#refuseWrongPartition(record, cancellation);
    return forwardedCommands(cancellation, (index) => this.#forwardedFrom(record, index)).map((command) => ({
      topic: topics.commands,
      key,
      partition,
      value: this.#parts.codec.encodeCommand(command),
      about: command,
    }));
  }

  #forwardedFrom({ offset, timestampMs }: InputRecord, index: number): ForwardedFrom {
    const { context, signer } = this.#parts;
    const place = { offset, index, appendedAt: epochMillis(Math.max(0, timestampMs)) };
    return { ...place, proof: signer.signForwarding({ partition: context.partition, ...place }) };
  }

  /** Here its order among the others of its workflow is lost, and a repetition could not be told from it. */
  #refuseWrongPartition(
    record: InputRecord,
    cancellation: Parameters<typeof forwardedCommands>[0],
  ): readonly OutputRecord[] {
    const message =
      `Expected to find the key '${record.key ?? ''}' in the partition that Kafka's default partitioner (murmur2) gives ` +
      `it of ${String(this.#parts.partitions)}, but the record stands in partition ${String(record.partition)}`;
    const letter = deadLetter(record, message);
    if (!('replyTo' in cancellation)) return [letter];
    const { address, partition } = cancellation.replyTo;
    const body = { type: 'Refused', refusal: { reason: 'wrong-partition', message } } as const;
    const { requestId } = cancellation;
    const value = this.#parts.codec.encodeReply({ address, requestId, offset: -1, body });
    return [{ topic: topics.replies, key: address, partition, value }, letter];
  }
}

function checked(record: CancellationRecord): CancellationRecord {
  const wrong = checkCancellationRecord(record);
  if (wrong !== undefined) throw new PoisonousRecordError(`Expected to read a cancellation, but ${wrong}`);
  return record;
}
