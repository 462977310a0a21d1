import type { AttemptReference } from '@ratchet/domain';

/** The attempt of a task token: of which life of the id, which attempt, under which stamp. */
export type TokenAttempt = Omit<Extract<AttemptReference, { readonly by: 'token' }>, 'by'>;

/** What a worker or someone outside may say of an attempt. */
export type Report = 'RecordHeartbeat' | 'Complete' | 'Fail' | 'ReportCanceled';

/**
 * What the topics say of the activity `id`. `offset` is that of the command which was decided, in the log of the activity's
 * partition: of two facts of one activity the one with the larger offset came later.
 */
export type Fact = { readonly id: string; readonly partition: number } & (
  | { readonly fact: 'scheduled'; readonly offset: number }
  /** `startedAt`: on the log's clock, epoch milliseconds. */
  | ({
      readonly fact: 'granted';
      readonly offset: number;
      readonly claimId: string;
      readonly startedAt: number;
    } & TokenAttempt)
  | {
      readonly fact: 'accepted';
      readonly offset: number;
      readonly report: Report;
      /** Absent: it named the activity, not the attempt. */
      readonly token?: TokenAttempt;
      /** Absent: it counts as often as it comes. */
      readonly reportId?: string;
    }
  /** Someone was answered with the outcome. */
  | { readonly fact: 'outcome'; readonly offset: number; readonly outcome: string }
  /** A committed state. `place`: where the record stands in its topic; `offset`: of the command that decided it. */
  | {
      readonly fact: 'state';
      readonly place: number;
      readonly offset: number;
      readonly scheduleOffset: number;
      /** On the log's clock, epoch milliseconds. */
      readonly scheduledAt: number;
      readonly status: string;
      /** Absent: it is open. */
      readonly outcome?: string;
    }
);

/** A record in a dead-letter topic. */
export interface DeadLetter {
  readonly topic: string;
  readonly key: string;
  readonly reason: string;
}

/** What the topics hold at the end of a drill. */
export interface LogFacts {
  readonly facts: readonly Fact[];
  readonly deadLetters: readonly DeadLetter[];
}
