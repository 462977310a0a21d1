import { millis } from './units.ts';

/** Longest id, identity, type or request id, in UTF-8 bytes (`limit.maxIDLength`). Semantics section 1.1. */
export const idBytesMax = 1000;

/** Largest input, result, failure or heartbeat details (`limit.blobSize.error`). Semantics section 2.3. */
export const blobBytesMax = 2 * 1024 * 1024;

/**
 * Parts that input, result, failure or details may have: payloads and entries of their metadata. A part may have no bytes,
 * and yet takes a hundred in memory.
 */
export const blobPartsMax = 10_000;

/** Longest reason of a request. Two may stand in one record: of a pause and a cancel, or of a run's cancel and close. */
export const reasonBytesMax = 1024 * 1024;

/** Largest header of all its keys and values together; it is written in one record with the input. */
export const headerBytesMax = 512 * 1024;

/** How much of a failure over `blobBytesMax` is kept as the cause. Semantics section 2.3. */
export const oversizedFailureBytesKept = 512 * 1024;

/** Largest failure kept beside a waiting retry (`limit.mutableStateActivityFailureSize.error`). Semantics section 2.2. */
export const retriedFailureBytesMax = 4 * 1024;

/** Longest chain of causes of a failure: what reads it goes down into it. A longer one is cut by who writes it. */
export const failureCausesMax = 100;

/** All non-retryable error types of a retry policy together; they stand twice in an activity's record. */
export const errorTypesBytesMax = 64 * 1024;

/** Longer durations are cut to this: 100 years of 365 days. Semantics section 1.1. */
export const durationMsMax = millis(100 * 365 * 24 * 60 * 60 * 1000);

/** Attempts are counted in 32 bits, on the reference's wire and on ours. */
export const attemptCountMax = 2 ** 31 - 1;

/** Longest topic name of a task queue, its priority level included: Kafka takes 249, and its dead-letter topic adds `.dlq`. */
export const taskTopicBytesMax = 245;

/** Request ids remembered per activity. The first started it; of the attached ones the latest are kept. */
export const requestIdsMax = 100;

/** Report ids remembered per activity in any case, and handed on to the next run of its id: the latest. */
export const reportIdsMax = 20;

/**
 * How long the id of a report or a signal is remembered at least, however many come after it: twice the age at which a
 * webhook is refused, for the log's clock and that of the gateway differ, and a sender's may be ahead by as much.
 */
export const repetitionMs = millis(10 * 60 * 1000);

/** As many such ids are kept of an activity or a run; beyond, the next signed one is refused until one is forgotten. */
export const rememberedIdsMax = 1000;

/** The ids that the gateway makes have half of it; a longer one is remembered only among the latest. */
export const timedIdBytesMax = 100;

/** By so much the sender's clock may be behind the log's: what it sends of a run that has just begun is not too old. */
export const senderClockMs = millis(1_000);

/** Links of one start, the longest of them, and those of one activity: they are written in one record with the input. */
export const requestLinksMax = 10;
export const linkBytesMax = 4_000;
export const linksMax = 2_000;
export const linksBytesMax = 256 * 1024;

/** What people are told of an activity. Semantics section 1.1. */
export const summaryBytesMax = 400;
export const detailsBytesMax = 20_000;

/** URLs that are told of one activity's outcome, and the longest of them in bytes. */
export const callbackUrlsMax = 10;
export const callbackUrlBytesMax = 2000;

/** Signal ids remembered per run in any case, so that a repeated signal is dropped: the latest. */
export const recentSignalIdsMax = 100;

/** Longest address of an answer: an instance's own, and what it adds to tell its questions apart, a run id perhaps. */
export const replyAddressBytesMax = 1_100;

/** Activities of a run that one page of its cancel or close tells of. */
export const fanOutPageMax = 1_000;

/** What of the reason of a run's cancel goes to each of its activities: a page makes a thousand copies of it. */
export const cascadedReasonBytesMax = 4 * 1024;

/** Signals that may wait in a run, and the bytes of their arguments together: they wait in memory. */
export const waitingSignalsMax = 10_000;
export const waitingSignalBytesMax = 32 * 1024 * 1024;

/** The retention of an activity that is kept as long as its run, and then goes with it: the longest there is. */
export const retentionWithRunMs = durationMsMax;

/** Activities of that retention that a run may have, open and closed: they stay in memory as long as it does. */
export const keptWithRunMax = 10_000;

/** Executions one `ExpireBefore` may remove, what was left open in runs and their signals counted. */
export const expiredCountMax = 10_000;
