import type { UseRules } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import { currentRules, supportsRules } from '../rules.ts';

/** From here on the partition decides under another version of the rules. Never back to an older one. */
export function decideUseRules({ version }: UseRules, { rules }: DecisionContext): Decision {
  if (!supportsRules(version)) {
    const known = `this code knows versions 1 to ${String(currentRules)}`;
    return refuse('invalid-argument', `Expected to use rules version ${String(version)}, but ${known}`);
  }
  if (version === rules) return accept(acknowledged);
  if (version < rules) {
    const inForce = `version ${String(rules)} is in force and rules only go forward`;
    return refuse('failed-precondition', `Expected to use rules version ${String(version)}, but ${inForce}`);
  }
  return accept(acknowledged, { change: [{ type: 'RulesChanged', version }], effects: [] });
}
