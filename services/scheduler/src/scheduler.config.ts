import { currentRules } from '@ratchet/domain';
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

const rules = {
  rulesMax: {
    variable: 'RATCHET_RULES_MAX',
    expected: `up to which version of the rules partitions go by themselves, from 1 to ${String(currentRules)}, which is the default`,
    schema: wholeNumber(1, currentRules),
    defaults: inEvery(currentRules),
  },
} satisfies Settings;

/** The scheduler signs task tokens, makes the topics of task queues, and says under which rules its partitions decide. */
export const schedulerSettings = { ...serviceSettings(9401), tokenSecret, tokenKeys, ...taskQueueLimits, ...rules };

export type SchedulerConfig = ConfigOf<typeof schedulerSettings>;
