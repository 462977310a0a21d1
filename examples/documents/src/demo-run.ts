import type { ActivityClient } from '@ratchet/client';
import type { Documents } from './documents.ts';
import type { Progress } from './progress.ts';

/** What all parts of one run share. */
export interface DemoRun {
  /** Part of every name the run makes, so that runs on one broker never meet. */
  readonly id: string;
  /** Journals, letters and logs. */
  readonly folder: string;
  readonly documents: Documents;
  readonly client: ActivityClient;
  readonly progress: Progress;
}

export type QueueName = 'files' | 'walk' | 'nobody';

export const queueOf = ({ id }: Pick<DemoRun, 'id'>, name: QueueName): string => `documents-${name}-${id}`;
export const activityIdOf = ({ id }: Pick<DemoRun, 'id'>, name: string): string => `${name}-${id}`;
