import type { RetryOptions } from 'kafkajs';

// Every retry option is set here and given explicitly everywhere. kafkajs's own defaults differ under NODE_ENV=test
// (which Jest sets), and its producer waits 300 ms after CONCURRENT_TRANSACTIONS, which every transaction right after
// another one gets: a plain loop of transactions then takes 300 ms each.

/** Of the client itself: connecting, metadata, coordinators, InitProducerId. Gives up after about 5 seconds. */
export const clientRetry = {
  initialRetryTime: 20,
  factor: 0.2,
  multiplier: 1.5,
  maxRetryTime: 1000,
  retries: 12,
} as const satisfies RetryOptions;

/** Of a plain producer. Short: the lane that owns it discards it and sends again with a new one, for ever. */
export const producerRetry = {
  initialRetryTime: 20,
  factor: 0.2,
  multiplier: 2,
  maxRetryTime: 500,
  retries: 4,
} as const satisfies RetryOptions;

/** Of a transactional producer: many and near, so that CONCURRENT_TRANSACTIONS costs milliseconds. About 8 s in all. */
export const transactionRetry = {
  initialRetryTime: 5,
  factor: 0.1,
  multiplier: 1.2,
  maxRetryTime: 250,
  retries: 50,
} as const satisfies RetryOptions;

/** Of a consumer: its loop and its joining. When it gives up, `GroupConsumer` starts it again. */
export const consumerRetry = {
  initialRetryTime: 50,
  factor: 0.2,
  multiplier: 1.5,
  maxRetryTime: 1000,
  retries: 10,
} as const satisfies RetryOptions;
