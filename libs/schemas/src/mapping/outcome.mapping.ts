import type { Outcome } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { failureToAvro, failureToDomain } from './failure.mapping.ts';
import { isPresent } from './set-present.ts';

export const outcomeToAvro = (outcome: Outcome): avro.Outcome =>
  outcome.type === 'success'
    ? { result: outcome.result, failure: null, retryState: 'unspecified' }
    : { result: [], failure: failureToAvro(outcome.failure), retryState: outcome.retryState };

export const outcomeToDomain = ({ result, failure, retryState }: avro.Outcome): Outcome =>
  isPresent(failure) ? { type: 'failure', failure: failureToDomain(failure), retryState } : { type: 'success', result };
