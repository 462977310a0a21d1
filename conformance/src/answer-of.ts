import type { Decision, RefusalReason } from '@ratchet/domain';
import type { Answer } from './trace.ts';

const refusals: Readonly<Record<RefusalReason, Answer>> = {
  'invalid-argument': 'invalid-argument',
  'not-found': 'not-found',
  'stale-attempt': 'not-found',
  'already-started': 'already-exists',
  'already-claimed': 'no-task',
  'stale-driver': 'failed-precondition',
  'not-due': 'no-task',
  'failed-precondition': 'failed-precondition',
  'wrong-partition': 'failed-precondition',
};

/** What the one who took a step was told: see `Sighting`. */
export interface Told {
  readonly answer: Answer;
  readonly message: string;
}

export const toldOk: Told = { answer: 'ok', message: '' };

/** A decision as its asker sees it: a stale token's holder finds nothing (semantics section 2.4). */
export function answerOf(decision: Decision): Told {
  if (decision.kind === 'refused') {
    const { reason, message } = decision.refusal;
    return { answer: refusals[reason], message };
  }
  const { answer } = decision;
  if (answer.type !== 'HeartbeatRecorded') return toldOk;
  return { answer: heartbeatAnswer(answer), message: '' };
}

interface HeartbeatFlags {
  readonly cancelRequested: boolean;
  readonly paused: boolean;
  readonly reset: boolean;
}

/** What a heartbeat tells, of which there is at most one thing. Semantics section 2.5. */
export function heartbeatAnswer({ cancelRequested, paused, reset }: HeartbeatFlags): Answer {
  const told = [
    cancelRequested ? ('cancel-requested' as const) : [],
    paused ? ('paused' as const) : [],
    reset ? ('reset' as const) : [],
  ].flat();
  if (told.length > 1) throw new Error(`Expected a heartbeat to tell one thing, but it told ${told.join(' and ')}`);
  return told[0] ?? 'ok';
}
