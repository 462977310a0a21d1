import { attemptMutants } from './attempt-mutants.ts';
import type { Mutant } from './mutant.ts';
import { requestMutants } from './request-mutants.ts';

/** Every bug that the domain's tests must find. */
export const mutants: readonly Mutant[] = [...attemptMutants, ...requestMutants];
