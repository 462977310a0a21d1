/** What a workflow does when the scope of an activity is cancelled. The words of the field. */
export type ActivityCancellationType =
  /** Asks the activity to stop, and reports it cancelled at once. */
  | 'TRY_CANCEL'
  /** Asks the activity to stop, and waits until it has accepted, failed, or completed all the same. */
  | 'WAIT_CANCELLATION_COMPLETED'
  /** Reports it cancelled at once and does not even ask; neither does a cancel of the run. */
  | 'ABANDON';

export const cancellationTypes: readonly ActivityCancellationType[] = [
  'TRY_CANCEL',
  'WAIT_CANCELLATION_COMPLETED',
  'ABANDON',
];
