import type { Positions } from './partition-logic.ts';
import { type OutputRecord, recordBytes } from '../record.ts';
import type { TraceContext } from '../tracing/trace-context.ts';
import type { ProcessedRecord } from '../tracing/spans.ts';

/** Records that were handled together: their states and progress are written together or not at all. */
export interface SealedGroup {
  /** How many input records it covers. */
  readonly records: number;
  /** States of the changed keys as of the group's last record, and the progress, last. */
  readonly states: readonly OutputRecord[];
  readonly bytes: number;
  /** Where the inputs go on behind it. */
  readonly positions: Positions;
  /** `performance.now()`. */
  readonly sealedAt: number;
  /** Those of its records that have a span. */
  readonly processed: readonly ProcessedRecord[];
}

export const sealedGroup = (
  { records, processed }: OpenGroup,
  states: readonly OutputRecord[],
  positions: Positions,
): SealedGroup => ({
  records,
  processed,
  states,
  bytes: states.reduce((sum, state) => sum + recordBytes(state), 0),
  positions,
  sealedAt: performance.now(),
});

/** What was handled since the last group was sealed. */
export class OpenGroup {
  /** Changed key to the trace that its state goes on with. */
  readonly changed = new Map<string, TraceContext | undefined>();
  readonly processed: ProcessedRecord[] = [];
  records = 0;
  bytes = 0;

  get isEmpty(): boolean {
    return this.records === 0;
  }
}
