export { plant, type Mutant } from './mutant.ts';
export { mutants } from './mutants.ts';
export { simulationMutants } from './simulation-mutants.ts';
