export { alertsOf, ruleFileOf, type Alert, type RuleFile } from './alerts.ts';
export { composeProblems, dockerfileProblems } from './problems.ts';
export { prometheusTool } from './prometheus-tools.ts';
