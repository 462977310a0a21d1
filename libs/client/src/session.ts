// THE SECOND DOOR, for @ratchet/workflow alone: what a workflow run shares with the client it was opened by.
import { ActivityClient } from './activity-client.ts';

/** What a client's handles share. */
export const sessionOf = ActivityClient.sessionOf;
export type { ActivityCalls, HandleOf } from './activity-calls.ts';
export { describeActivity } from './activity-description.ts';
export { send, sendToRun, type ClientSession } from './client-session.ts';
export { attachRunShape, checkOptions, checkText, openRunShape } from './option-shapes.ts';
export { refusalError } from './refusal-error.ts';
export { scheduleDraft } from './schedule-draft.ts';
