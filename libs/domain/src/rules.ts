/**
 * The newest version of the rules this code knows; versions count from 1.
 *
 * A change of what `decide` does is guarded by `context.rules` and raises this. Every scheduler must run the new code
 * before any log says `UseRules`: an older one would refuse what a newer one accepts.
 *
 * Two things are as they are under every version: limits of what can be written down (ADR 15), and what changes no event,
 * such as that the repetition of a request is known after the activity has closed.
 */
export const currentRules = 5;

/**
 * What came with version 2: signals of a run have a limit, an `ExpireBefore` has one for all that it removes and refuses
 * an instant that is none, the scheduler asks for the proof of a token or of a forwarding, and what is signed with its
 * time counts for the run that it was sent to, and is remembered by time.
 */
export const isBounded = (rules: number): boolean => rules >= 2;

/** What came with version 3: an id that no URL can name is refused, and a namespace by a name that none can have. */
export const isAddressable = (rules: number): boolean => rules >= 3;

/**
 * What else came with version 3: a start that finds its id in use leaves its request id there only if it asks for that, an
 * update is known by its request id, the last worker is who reported the end, and what is cut off a failure is counted as
 * the wire does.
 */
export const isExact = (rules: number): boolean => rules >= 3;

/**
 * What came with version 4: a run knows who drives it and may have a timeout, the reuse policy of an id holds in it, and
 * what is kept with it goes with it.
 */
export const isDriven = (rules: number): boolean => rules >= 4;

/** What else came with version 4: what was reported of a run is known to the next of its id, though the run was removed. */
export const isRemembering = (rules: number): boolean => rules >= 4;

/**
 * What came with version 5: what has closed stands in a topic of its own. It changes no decision; but a scheduler that knows of
 * one topic only would not find it there, and so must not own the partition.
 */
export const hasOutcomes = (rules: number): boolean => rules >= 5;

/** Whether this code can decide under a version. A partition whose progress says another must not be served. */
export const supportsRules = (version: number): boolean =>
  Number.isSafeInteger(version) && version >= 1 && version <= currentRules;
