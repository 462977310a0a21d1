import { ApplicationFailure } from '@ratchet/worker';

/** Counts what was run, and lets a long activity end when the test says so. */
export function orderActivities(released: Promise<unknown>) {
  const counts = { charge: 0, insure: 0, video: 0 };
  return {
    counts,
    activities: {
      charge: (cents: number): Promise<string> => {
        counts.charge++;
        return Promise.resolve(`receipt ${String(counts.charge)} of ${String(cents)}`);
      },
      insure: (): Promise<never> => {
        counts.insure++;
        return Promise.reject(ApplicationFailure.nonRetryable('not insurable', 'Refused'));
      },
      video: async (): Promise<string> => {
        counts.video++;
        await released;
        return `video ${String(counts.video)}`;
      },
    },
  };
}

export type OrderActivities = ReturnType<typeof orderActivities>['activities'];
