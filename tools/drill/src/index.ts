export { drill, type DrillOptions } from './drill.ts';
export { reportOf } from './report.ts';
export { scenarios, type Scenario, type ScenarioName } from './scenarios.ts';
export { type Verdict } from './verdict.ts';
