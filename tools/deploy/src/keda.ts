import { taskTopics } from '@ratchet/domain';
import { stringify } from 'yaml';
import type { StrimziOptions } from './strimzi.ts';

/**
 * How many workers a task queue gets, by the tasks that wait for one: KEDA's `ScaledObject` of the Deployment
 * `<taskQueue>-worker`, with a trigger for the topic of each priority, and how it authenticates (Strimzi's user of workers).
 */
export function scaledWorkers({ cluster, prefix, namespace, taskQueue }: StrimziOptions): string {
  const name = `${taskQueue}-worker`;
  const user = `${prefix}ratchet-worker`;
  const authentication = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'TriggerAuthentication',
    metadata: { name, labels },
    spec: {
      secretTargetRef: [
        { parameter: 'password', name: user, key: 'password' },
        { parameter: 'ca', name: `${cluster}-cluster-ca-cert`, key: 'ca.crt' },
      ],
    },
  };
  const trigger = (topic: string): object => ({
    type: 'kafka',
    metadata: {
      bootstrapServers: `${cluster}-kafka-bootstrap:9093`,
      topic: `${prefix}${topic}`,
      consumerGroup: `${prefix}ratchet.workers.${topic}`,
      // as many waiting tasks as a worker takes at once
      lagThreshold: '100',
      activationLagThreshold: '0',
      // a group that has committed nothing yet starts at the beginning, and wakes a worker
      offsetResetPolicy: 'earliest',
      scaleToZeroOnInvalidOffset: 'false',
      allowIdleConsumers: 'false',
      limitToPartitionsWithLag: 'true',
      tls: 'enable',
      sasl: 'scram_sha512',
      username: user,
    },
    authenticationRef: { name },
  });
  const scaled = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name, labels },
    spec: {
      scaleTargetRef: { name },
      pollingInterval: 10,
      minReplicaCount: 1,
      maxReplicaCount: 12,
      cooldownPeriod: 600,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
          },
        },
      },
      triggers: taskTopics(namespace, taskQueue).map(trigger),
    },
  };
  return `${HEAD}---\n${stringify(authentication, layout)}---\n${stringify(scaled, layout)}`;
}

const labels = { 'app.kubernetes.io/part-of': 'ratchet' };
const layout = { lineWidth: 0, aliasDuplicateObjects: false };

/** What whoever applies it has to know. */
const HEAD = `# Made by \`npm run generate\` for the queue \`orders\` of the namespace \`default\`; copy it for yours.
#
# - A trigger per priority. Delete those of priorities that you never use: a topic is made when its first task comes, and while
#   the trigger of one that is not there fails, KEDA scales up by the others but never down.
# - The lag of a group is what waits, not what runs: a task counts until a worker has claimed it. So a worker that is told to stop may
#   have activities in hand. Give it the time that they need (terminationGracePeriodSeconds, and shutdownGraceTime of the worker), or
#   let them heartbeat: what is lost is tried again. The windows below keep workers from being stopped in every lull.
# - minReplicaCount 0 is possible: the first task wakes a worker within pollingInterval and its start, since offsetResetPolicy is
#   earliest (with latest a group that has never committed would never wake). It is not for queues whose activities retry after a long
#   backoff or have a short schedule-to-start timeout: the time until a worker is there counts against that one.
`;
