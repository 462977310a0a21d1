import type { Decision, RefusalReason } from '@ratchet/domain';
import type { Answer } from './trace.ts';

const refusals: Readonly<Record<RefusalReason, Answer>> = {
  'invalid-argument': 'invalid-argument',
  'not-found': 'not-found',
  'stale-attempt': 'not-found',
  'already-started': 'already-exists',
  'already-claimed': 'no-task',
  'not-due': 'no-task',
  'failed-precondition': 'failed-precondition',
  'wrong-partition': 'failed-precondition',
};

/** A decision as its asker sees it: a stale token's holder finds nothing (semantics section 2.4). */
export function answerOf(decision: Decision): Answer {
  if (decision.kind === 'refused') return refusals[decision.refusal.reason];
  const { answer } = decision;
  if (answer.type !== 'HeartbeatRecorded') return 'ok';
  if (answer.cancelRequested) return 'cancel-requested';
  if (answer.reset) return 'reset';
  return answer.paused ? 'paused' : 'ok';
}
