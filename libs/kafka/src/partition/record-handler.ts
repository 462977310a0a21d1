import { deadLetter } from '../dead-letter.ts';
import { InvariantError, OperationalError } from '../errors.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import { recordBytes, type InputRecord, type OutputRecord } from '../record.ts';
import { beginProcess, traced, type ProcessedRecord, type ProcessPlan, type Span } from '../tracing/spans.ts';
import { isSampled, readTrace, traceIdOf, traceOfLine, type TraceContext } from '../tracing/trace-context.ts';
import type { Output, PartitionLogic, Positions } from './partition-logic.ts';
import { hasState, type HandlerOptions, type ProcessorTuning } from './processor-options.ts';
import { Poison } from './partition-reader.ts';

/** Records that were handled together: their states and progress are written together or not at all. */
export interface SealedGroup {
  /** How many input records it covers. */
  readonly records: number;
  /** States of the changed keys as of the group's last record, and the progress, last. */
  readonly states: readonly OutputRecord[];
  readonly bytes: number;
  /** Where the inputs go on behind it. */
  readonly positions: Positions;
  /** When, on the clock of the machine. */
  readonly sealedAt: number;
  /** Those of its records that have a span. */
  readonly processed: readonly ProcessedRecord[];
}

const sealedGroup = (
  { records, processed }: OpenGroup,
  states: readonly OutputRecord[],
  positions: Positions,
  sealedAt: number,
): SealedGroup => ({
  records,
  processed,
  states,
  bytes: states.reduce((sum, state) => sum + recordBytes(state), 0),
  positions,
  sealedAt,
});

/** What was handled since the last group was sealed. */
class OpenGroup {
  /** Changed key to the trace that its state goes on with. */
  readonly changed = new Map<string, TraceContext | undefined>();
  readonly processed: ProcessedRecord[] = [];
  records = 0;
  bytes = 0;

  get isEmpty(): boolean {
    return this.records === 0;
  }
}

/** Applies records to a logic, gathers their effects, and remembers what must be committed because of them. */
export class RecordHandler<T> {
  readonly #options: HandlerOptions<T>;
  readonly #tuning: ProcessorTuning;
  readonly #logic: PartitionLogic<T>;
  readonly #positions = new Map<string, number>();
  readonly #traces = new KeyTraces();
  /** By topic: where it ended when the partition was taken. */
  readonly #formerEnds = new Map<string, number>();
  #group = new OpenGroup();
  #effects: OutputRecord[] = [];
  #effectBytes = 0;

  constructor(options: HandlerOptions<T>, tuning: ProcessorTuning, logic: PartitionLogic<T>) {
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

  /** Bytes of the effects that nobody has taken yet, without their keys and headers. */
  get effectBytes(): number {
    return this.#effectBytes;
  }

  /** What is to be sent, in this order. */
  takeEffects(): readonly OutputRecord[] {
    const effects = this.#effects;
    if (effects.length === 0) return effects;
    this.#effects = [];
    this.#effectBytes = 0;
    return effects;
  }

  get hasUncommitted(): boolean {
    return !this.#group.isEmpty;
  }

  /** How long what was handled since the last seal may wait to be committed. */
  get mayWaitMs(): number {
    // Without state there is nothing but progress, and whoever goes on at it waits for it.
    if (!hasState(this.#options)) return 0;
    return this.#group.changed.size === 0 ? Infinity : (this.#logic.mayWaitMs?.() ?? 0);
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
    const { connection, service, deadLetterTopic } = this.#options;
    const { topic, partition, offset } = record;
    this.#emit(deadLetter(record, error.message, deadLetterTopic?.(topic)));
    const message = `${service} sends a record to the dead-letter topic: ${error.message}`;
    connection.log('error', message, { topic, partition, offset, ...traceOfLine(readTrace(record.headers)), error });
  }

  /** The states of all changed keys as of now, with the progress; what comes next opens a new group. */
  seal(now: number): SealedGroup {
    const group = this.#group;
    this.#group = new OpenGroup();
    const positions = new Map(this.#positions);
    if (!hasState(this.#options)) return sealedGroup(group, [], positions, now);
    return sealedGroup(group, this.#statesOf(group, positions), positions, now);
  }

  #statesOf(group: OpenGroup, positions: Positions): readonly OutputRecord[] {
    const states: OutputRecord[] = [];
    try {
      for (const [key, trace] of group.changed) {
        const records = this.#logic.encodeState(key);
        if (records.length > 0 && records.every(({ value }) => value === null)) this.#traces.forget(key);
        for (const state of records) states.push(trace === undefined ? state : traced(state, trace));
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
    const { connection } = this.#options;
    // What a former owner may have sent is no news: its copy has no span of its own.
    const isCopy = connection.tracing.isOn && !isTraced;
    for (const effect of effects) {
      if (trace === undefined) this.#emit(effect);
      else this.#emit(traced(effect, trace, isCopy ? { about, span: 'none' } : { about }));
    }
    for (const key of changedKeys) this.#group.changed.set(key, this.#traces.changed(key, trace, key === begunKey));
  }

  #emit(record: OutputRecord): void {
    this.#effects.push(record);
    this.#effectBytes += record.value?.length ?? 0;
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

/** All that is remembered of one partition; beyond, what was not needed for longest is forgotten. */
const traceBytesMax = 8 * 1024 * 1024;
/** Of an entry of the map, without its texts. */
const traceOverheadBytes = 200;

/**
 * The trace that each key of a partition's state belongs to: that of whoever began it, at its latest span.
 *
 * What someone else's trace does to it, or who has none, does not take it out of its own. Only what is sampled is remembered,
 * and so much of it as there is room for: what is forgotten goes on in the trace of the next record that changes it.
 */
export class KeyTraces {
  readonly #traces = new Map<string, TraceContext>();
  #bytes = 0;

  of(key: string): TraceContext | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(key);
  }

  /** @param begins the key is new with it, whatever had its name before. @returns the trace of the key from now on. */
  changed(key: string, trace: TraceContext | undefined, begins = false): TraceContext | undefined {
    const former = begins ? undefined : this.of(key);
    const isForeign = former !== undefined && (trace === undefined || traceIdOf(trace) !== traceIdOf(former));
    const own = isForeign ? former : trace;
    if (own !== undefined && isSampled(own) === true) this.#set(key, own);
    else if (begins) this.forget(key);
    return own;
  }

  forget(key: string): void {
    const trace = this.of(key);
    if (trace === undefined) return;
    this.#traces.delete(key);
    this.#bytes -= traceBytesOf(key, trace);
  }

  #set(key: string, trace: TraceContext): void {
    this.forget(key);
    this.#traces.set(key, trace);
    this.#bytes += traceBytesOf(key, trace);
    for (const [oldest] of this.#traces) {
      if (this.#bytes <= traceBytesMax) return;
      this.forget(oldest);
    }
  }
}

const traceBytesOf = (key: string, { traceparent = '', tracestate = '', baggage = '' }: TraceContext): number =>
  traceOverheadBytes + 2 * key.length + traceparent.length + tracestate.length + baggage.length;
