import type { Activity } from './activity.ts';

const names: Readonly<Record<Activity['status'], string>> = {
  scheduled: 'Scheduled',
  started: 'Started',
  'cancel-requested': 'CancelRequested',
  'pause-requested': 'PauseRequested',
  'reset-requested': 'ResetRequested',
  paused: 'Paused',
  completed: 'Completed',
  failed: 'Failed',
  canceled: 'Canceled',
  terminated: 'Terminated',
  'timed-out': 'TimedOut',
};

/** A status as the reference's messages spell it: `TimedOut`. */
export const statusName = (status: Activity['status']): string => names[status];
