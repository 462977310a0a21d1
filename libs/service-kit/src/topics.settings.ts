import { z } from 'zod';
import { inEvery, wholeNumber, type ConfigOf, type Setting, type Settings } from './setting.ts';

const replicaCount = (variable: Setting<number>['variable'], expected: string): Setting<number | undefined> => ({
  variable,
  expected,
  schema: wholeNumber(1, 32_767),
  isOptional: true,
});

/** Who makes the topics, and how often each record is kept. */
export const topicsSettings = {
  topics: {
    variable: 'RATCHET_TOPICS',
    expected:
      'who makes the topics: create (the default: the service), verify (you; the service checks what it needs) or trust (you; nothing is asked)',
    schema: z.enum(['create', 'verify', 'trust']),
    defaults: inEvery('create' as const),
  } satisfies Setting<'create' | 'verify' | 'trust'> as Setting<'create' | 'verify' | 'trust'>,
  replicationFactor: replicaCount(
    'RATCHET_REPLICATION_FACTOR',
    'how many brokers have each record of the topics that are made, from 1 to 32767; 3 in production and 1 in development',
  ),
  minInsyncReplicas: replicaCount(
    'RATCHET_MIN_INSYNC_REPLICAS',
    'how many of them must have a record before it counts as written, from 1 to RATCHET_REPLICATION_FACTOR; 2 where there are at least 3',
  ),
} satisfies Settings;

export type TopicsConfig = ConfigOf<typeof topicsSettings>;
