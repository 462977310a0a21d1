export { composeProblems, dockerfileProblems } from './problems.ts';
