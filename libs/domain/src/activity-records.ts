import { isClosed, isOpen, type Activity, type ClosedActivity } from './activity.ts';
import type { ActivityHeartbeat, ActivityInput } from './message.ts';
import { epochMillis } from './units.ts';

/** What an activity was given. */
export const givenIn = ({ input, header, userMetadata, links }: Activity | ActivityInput) => ({
  input,
  header,
  ...(userMetadata === undefined ? {} : { userMetadata }),
  ...(links === undefined ? {} : { links }),
});

/** The record of what an activity was given; a closed one that was given nothing needs none. */
export function inputOf(activity: Activity): ActivityInput | undefined {
  if (isClosed(activity) && !hasGiven(activity)) return undefined;
  return { type: 'ActivityInput', scheduleOffset: activity.scheduleOffset, ...givenIn(activity) };
}

/** The record of its last heartbeat. Of a closed one that was reset the tally alone is left, in its own record. */
export function heartbeatOf(activity: Activity): ActivityHeartbeat | undefined {
  const { heartbeat, scheduleOffset, attempt } = activity;
  if (heartbeat === undefined || (isClosed(activity) && heartbeat.recordedAt === 0)) return undefined;
  const stamp = isOpen(activity) ? activity.stamp : 0;
  return { type: 'ActivityHeartbeat', ...heartbeat, scheduleOffset, attempt, stamp };
}

/** A closed activity without what is only ever shown. */
export function slim(activity: ClosedActivity): ClosedActivity {
  const { userMetadata: _, links: __, heartbeat, ...rest } = activity;
  const tally =
    heartbeat === undefined ? {} : { heartbeat: { details: [], recordedAt: epochMillis(0), count: heartbeat.count } };
  return { ...rest, input: [], header: {}, ...tally };
}

/** The activity with what stands in records of its own. */
export const withParts = (
  activity: Activity,
  given: ActivityInput | undefined,
  heartbeat: ActivityHeartbeat | undefined,
): Activity => ({
  ...activity,
  ...(given === undefined ? {} : givenIn(given)),
  ...(heartbeat === undefined
    ? {}
    : {
        heartbeat: { details: heartbeat.details, recordedAt: heartbeat.recordedAt, count: heartbeat.count },
      }),
});

const hasGiven = ({ input, header, userMetadata, links }: Activity): boolean =>
  input.length > 0 || Object.keys(header).length > 0 || userMetadata !== undefined || links !== undefined;
