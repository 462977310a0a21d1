/** Why an activity was told to stop, by its id. */
export const reasonsSeen = new Map<string, string>();
