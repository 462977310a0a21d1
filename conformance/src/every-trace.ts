import { failureTraces } from './failure-traces.ts';
import { operatorTraces } from './operator-traces.ts';
import { stateCallTraces } from './state-call-traces.ts';
import type { Trace } from './trace.ts';
import { traces } from './traces.ts';

/** All that is promised, as traces that any driver can act out. */
export const everyTrace: readonly Trace[] = [...traces, ...failureTraces, ...operatorTraces, ...stateCallTraces];
