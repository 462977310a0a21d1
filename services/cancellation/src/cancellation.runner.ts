import { PartitionProcessor, type PartitionContext } from '@ratchet/kafka';
import { connectCluster, createTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import {
  clusterSettings,
  followTokenKeys,
  processorRunner,
  tokenKeyRing,
  type RunnerTools,
  type ServiceRunner,
} from '@ratchet/service-kit';
import { CancellationLogic } from './cancellation-logic.ts';
import type { CancellationConfig } from './cancellation.config.ts';
import type { PendingNotice } from './pending-notice.ts';

/** Goes on where the group's offset says, which is never past a notice that is not settled; keeps nothing else. */
export async function createCancellationRunner(
  config: CancellationConfig,
  tools: RunnerTools<CancellationConfig>,
): Promise<ServiceRunner> {
  const cluster = await connectCluster(clusterSettings(config, tools));
  const { connection, codec, partitions } = cluster;
  const outbox = cluster.createOutbox({ metrics: tools.metrics.outbox });
  const signer = createTokenSigner(tokenKeyRing(config));
  followTokenKeys(tools.changes, signer, cluster);
  const onGivenUp = noticesGivenUp(tools);
  const own = (): number => performance.now();
  const logics = new Map<number, CancellationLogic>();
  const createLogic = (context: PartitionContext): CancellationLogic => {
    const logic = new CancellationLogic({ context, codec, signer, partitions, own, onGivenUp });
    logics.set(context.partition, logic);
    return logic;
  };
  tools.metrics.gauge('ratchet_notices_pending', 'Notices whose attempt is not seen to know of them', () =>
    [...logics.values()].reduce((sum, { pendingCount }) => sum + pendingCount, 0),
  );
  const processor = new PartitionProcessor({
    connection,
    service: 'ratchet-cancellation',
    // What retention has removed asks for nothing that is not over long since.
    inputs: [{ topic: topics.cancellations, start: 'group', onGap: 'skip' }],
    createLogic,
    outbox,
    metrics: tools.metrics.processor,
    tuning: { sessionTimeoutMs: config.sessionTimeoutMs },
  });
  return processorRunner({ processor, outbox, cluster });
}

function noticesGivenUp({ metrics, log }: RunnerTools): (notice: PendingNotice) => void {
  const help = 'Notices that made room for others while nobody had heard them';
  const givenUp = metrics.counter('ratchet_notices_given_up_total', help, []);
  return ({ record: { id, attempt, reason } }) => {
    givenUp.inc();
    log.warn(
      { ...id, attempt, reason },
      'a notice is given up to make room for others: its worker learns by its heartbeat',
    );
  };
}
