import { clientCallRules } from './client-call-rules.ts';
import { limitRules } from './limit-rules.ts';
import { operatorCallRules } from './operator-call-rules.ts';
import { ruleName, type Rule } from './rule.ts';
import { states, type StateName } from './states.ts';
import type { Step, Trace } from './trace.ts';
import { workerCallRules } from './worker-call-rules.ts';

/** What each call does in each state it can meet. */
export const rules: readonly Rule[] = [...workerCallRules, ...clientCallRules, ...operatorCallRules, ...limitRules];

/** One trace for every pair of state and call: the shortest way into the state, and the call. */
export const stateCallTraces: readonly Trace[] = rules.flatMap((rule) =>
  rule.cells.flatMap(([met, cell]) =>
    met.map((state) => traceOf(rule, state, typeof cell === 'function' ? cell(state) : cell)),
  ),
);

function traceOf(rule: Rule, state: StateName, cell: Trace['sees']): Trace {
  const { options, started, steps, sees } = states[state];
  return {
    promise: `${state}: ${ruleName(rule)}`,
    ...(started === undefined ? {} : { started }),
    // What a state needs goes before what a rule needs.
    options: { ...rule.options, ...options },
    steps: [...tokenFrom(rule, steps), ...steps, rule.call],
    sees: { ...sees, ...cell },
  };
}

/** Who calls by token must have one: where no attempt was polled on the way, of a former life of the id. */
function tokenFrom({ by }: Rule, steps: readonly Step[]): readonly Step[] {
  return by === 'token' && !steps.includes('poll') ? ['poll', 'complete', 'start-again'] : [];
}
