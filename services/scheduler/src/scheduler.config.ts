import { currentRules } from '@ratchet/domain';
import { z } from 'zod';
import {
  inEvery,
  serviceSettings,
  taskQueueLimits,
  tokenKeys,
  tokenSecret,
  wholeNumber,
  type ConfigOf,
  type Settings,
} from '@ratchet/service-kit';

const MiB = 1024 * 1024;

const rules = {
  rulesMax: {
    variable: 'RATCHET_RULES_MAX',
    expected: `up to which version of the rules partitions go by themselves, from 1 to ${String(currentRules)}, which is the default`,
    schema: wholeNumber(1, currentRules),
    defaults: inEvery(currentRules),
  },
} satisfies Settings;

const state = {
  stateDirectory: {
    variable: 'RATCHET_STATE_DIRECTORY',
    expected:
      'a folder on a local disk for the state of the partitions, of this instance alone: with what it finds there it is ' +
      'back in seconds; by default a temporary one, which goes with the process',
    schema: z.string(),
    defaults: inEvery(''),
  },
  stateCacheBytes: {
    variable: 'RATCHET_STATE_CACHE_BYTES',
    expected:
      'how much of the state is kept in memory, in bytes, from 16 MiB (16777216) on; the default is 256 MiB. All else is ' +
      'on disk, however many executions there are',
    schema: wholeNumber(16 * MiB, Number.MAX_SAFE_INTEGER),
    defaults: inEvery(256 * MiB),
  },
  standbyCopies: {
    variable: 'RATCHET_STANDBY_COPIES',
    expected:
      'how many copies of the state of each partition other schedulers keep, from 0 on, which is the default: one that has a copy ' +
      'takes the partition over as fast as a restart would. The same for all schedulers',
    schema: wholeNumber(0, 10),
    defaults: inEvery(0),
  },
} satisfies Settings;

/** The scheduler signs task tokens, makes the topics of task queues, and says under which rules its partitions decide. */
export const schedulerSettings = {
  ...serviceSettings(9401),
  tokenSecret,
  tokenKeys,
  ...taskQueueLimits,
  ...rules,
  ...state,
};

export type SchedulerConfig = ConfigOf<typeof schedulerSettings>;
