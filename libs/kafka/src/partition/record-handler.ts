import { Poison } from './batch-decoder.ts';
import { deadLetter } from '../dead-letter.ts';
import { InvariantError, OperationalError } from '../errors.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import { KeyTraces } from './key-traces.ts';
import type { Output, PartitionLogic, Positions } from './partition-logic.ts';
import type { PartitionProcessorOptions, ProcessorTuning } from './processor-options.ts';
import type { InputRecord, OutputRecord } from '../record.ts';
import { OpenGroup, sealedGroup, type SealedGroup } from './sealed-group.ts';
import { isSampled, readTrace, traceIdOf, traceOfLine, type TraceContext } from '../tracing/trace-context.ts';
import { beginProcess, traced, type ProcessPlan, type Span } from '../tracing/spans.ts';

/** Applies records to a logic, sends their effects at once, and remembers what must be committed because of them. */
export class RecordHandler<T> {
  readonly #options: PartitionProcessorOptions<T>;
  readonly #tuning: ProcessorTuning;
  readonly #logic: PartitionLogic<T>;
  readonly #positions = new Map<string, number>();
  readonly #traces = new KeyTraces();
  /** By topic: where it ended when the partition was taken. */
  readonly #formerEnds = new Map<string, number>();
  #group = new OpenGroup();

  constructor(options: PartitionProcessorOptions<T>, tuning: ProcessorTuning, logic: PartitionLogic<T>) {
    this.#options = options;
    this.#tuning = tuning;
    this.#logic = logic;
  }

  /** Topic to the offset before which everything was handled. */
  get positions(): Positions {
    return this.#positions;
  }

  moveTo(topic: string, offset: number): void {
    this.#positions.set(topic, offset);
  }

  /** Records of a topic before this offset may have been handled by a former owner. */
  repeatsUntil(topic: string, offset: number): void {
    this.#formerEnds.set(topic, offset);
  }

  /** A record of the state topic was restored. */
  restored({ key, value, headers }: InputRecord): void {
    if (key === null) return;
    const trace = value === null ? undefined : readTrace(headers);
    if (trace === undefined) this.#traces.forget(key);
    else this.#traces.changed(key, trace, true);
  }

  /** As it was handed over without the record that caused it: in the trace of the state that has its key. */
  inTraceOfKey(record: OutputRecord): OutputRecord {
    const trace = record.key === null || record.headers !== undefined ? undefined : this.#traces.of(record.key);
    return trace === undefined ? record : traced(record, trace);
  }

  get hasUncommitted(): boolean {
    return !this.#group.isEmpty;
  }

  get hasChangedState(): boolean {
    return this.#group.changed.size > 0;
  }

  /** So much has come together that the group must be sealed, whether its turn has come or not. */
  get isGroupFull(): boolean {
    return this.#group.bytes >= this.#tuning.groupBytesMax || this.#group.changed.size >= this.#tuning.groupKeysMax;
  }

  handle(record: InputRecord, value: T | Poison): void {
    if (value instanceof Poison) this.deadLetter(record, value.error);
    else this.#apply(record, value);
    this.#group.records++;
    this.#group.bytes += record.value === null ? 0 : record.value.length;
    this.#positions.set(record.topic, record.offset + 1);
  }

  deadLetter(record: InputRecord, error: Error): void {
    const { outbox, connection, service, deadLetterTopic } = this.#options;
    const { topic, partition, offset } = record;
    outbox.add(deadLetter(record, error.message, deadLetterTopic?.(topic)));
    const message = `${service} sends a record to the dead-letter topic: ${error.message}`;
    connection.log('error', message, { topic, partition, offset, ...traceOfLine(readTrace(record.headers)), error });
  }

  /** The states of all changed keys as of now, with the progress; what comes next opens a new group. */
  seal(): SealedGroup {
    const group = this.#group;
    this.#group = new OpenGroup();
    const positions = new Map(this.#positions);
    if (this.#options.stateTopic === undefined) return sealedGroup(group, [], positions);
    return sealedGroup(group, this.#statesOf(group, positions), positions);
  }

  #statesOf(group: OpenGroup, positions: Positions): readonly OutputRecord[] {
    const states: OutputRecord[] = [];
    try {
      for (const [key, trace] of group.changed) {
        const state = this.#logic.encodeState(key);
        if (state?.value === null) this.#traces.forget(key);
        if (state !== undefined) states.push(trace === undefined ? state : traced(state, trace));
      }
      states.push(this.#logic.encodeProgress(positions));
      return states;
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      // Decided and not written down: to repeat it would fail again, and to leave it out would be a lie.
      throw new InvariantError(`Expected to encode the state of a group, but ${asError(cause).message}`, { cause });
    }
  }

  #apply(record: InputRecord, value: T): void {
    const { tracing } = this.#options.connection;
    const isTraced = tracing.isOn && !this.#isRepeated(record);
    const begun: Begun = { parent: readTrace(record.headers), startedAt: isTraced ? Date.now() : 0 };
    const output = this.#outputOf(record, value, isTraced ? begun : undefined);
    if (output === undefined) return;
    const former = this.#formerTraceOf(output);
    const parent = hasTrace(begun.parent) ? begun.parent : former;
    // What changes nothing is no reason to begin a trace.
    const isWanted = isTraced && (parent !== undefined || output.changedKeys.length > 0);
    const span = isWanted
      ? this.#begin(record, value, { ...begun, parent, links: linksTo(former, parent) })
      : undefined;
    this.#carryOut(output, span?.trace ?? parent, { about: this.#aboutIf(tracing.isOn, value), isTraced });
    span?.end();
  }

  /** @returns nothing where the record is a dead letter. */
  #outputOf(record: InputRecord, value: T, traced: Begun | undefined): Output | undefined {
    try {
      return this.#logic.handle(record, value);
    } catch (thrown) {
      // Something was changed already: to go on would write a lie.
      if (thrown instanceof InvariantError || thrown instanceof OperationalError) throw thrown;
      const error = asError(thrown);
      if (traced !== undefined) this.#begin(record, value, traced)?.end(error);
      this.deadLetter(record, error);
      return undefined;
    }
  }

  /** The trace of what a record has changed, as it was before. */
  #formerTraceOf({ changedKeys: [key], begunKey }: Output): TraceContext | undefined {
    return key === undefined || key === begunKey ? undefined : this.#traces.of(key);
  }

  #carryOut(
    { effects, changedKeys, begunKey }: Output,
    trace: TraceContext | undefined,
    { about, isTraced }: { readonly about: object | undefined; readonly isTraced: boolean },
  ): void {
    const { outbox, connection } = this.#options;
    // What a former owner may have sent is no news: its copy has no span of its own.
    const isCopy = connection.tracing.isOn && !isTraced;
    for (const effect of effects) {
      if (trace === undefined) outbox.add(effect);
      else outbox.add(traced(effect, trace, isCopy ? { about, span: 'none' } : { about }));
    }
    for (const key of changedKeys) this.#group.changed.set(key, this.#traces.changed(key, trace, key === begunKey));
  }

  #aboutIf(isOn: boolean, value: T): object | undefined {
    return isOn ? this.#logic.about?.(value) : undefined;
  }

  #begin(record: InputRecord, value: T, plan: Omit<ProcessPlan, 'group' | 'about'>): Span | undefined {
    const about = this.#logic.about?.(value);
    if (about === undefined) return undefined;
    const { connection, service: group } = this.#options;
    const span = beginProcess(connection, record, { group, about, ...plan });
    const { topic, partition, offset } = record;
    if (span !== undefined && isSampled(span.trace) === true)
      this.#group.processed.push({ topic, partition, offset, trace: span.trace });
    return span;
  }

  /** What stood in the log when the partition was taken may have been handled before, by whom is not known. */
  #isRepeated({ topic, offset }: InputRecord): boolean {
    return offset < (this.#formerEnds.get(topic) ?? 0);
  }
}

const hasTrace = (trace: TraceContext | undefined): boolean => trace?.traceparent !== undefined;

/** Whoever changes what began in another trace. */
const linksTo = (former: TraceContext | undefined, parent: TraceContext | undefined): readonly TraceContext[] =>
  former === undefined || parent === undefined || traceIdOf(former) === traceIdOf(parent) ? [] : [former];

type Begun = Pick<ProcessPlan, 'parent' | 'startedAt'>;
