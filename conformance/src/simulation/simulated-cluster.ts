import { queueOfTopic } from '@ratchet/domain';
import { defaultTuning, type ProcessorTuning } from '@ratchet/kafka';
import { createTokenSigner, type TaskTokenSigner } from '@ratchet/protocol';
import { localCodec, topics, type Codec } from '@ratchet/schemas';
import type { PartyParts } from './party.ts';
import { ServiceInstance, type SimulatedService } from './service-instance.ts';
import { cancellationService, schedulerService, timeoutTrackerService } from './services.ts';
import { SimulatedGroup } from './simulated-group.ts';
import { SimulatedLog } from './simulated-log.ts';
import type { World } from './world.ts';

const codec = localCodec();
const signer = createTokenSigner('a secret of at least thirty-two characters');

/** Instances of each service. */
const instanceCount = 2;

/** What a world has of Ratchet: a log, and on it two instances of each service that has partitions. */
export class SimulatedCluster {
  readonly world: World;
  readonly log: SimulatedLog;
  /** Of the co-partitioned topics. */
  readonly partitions: number;
  readonly codec: Codec = codec;
  readonly signer: TaskTokenSigner = signer;
  /** Those of task queues that are there. */
  readonly taskTopics: Set<string>;
  readonly instances: ServiceInstance[] = [];
  readonly groups: SimulatedGroup[] = [];

  /** @param onTrouble told what stops a partition. */
  constructor(
    world: World,
    taskTopics: readonly string[],
    onTrouble: (instance: ServiceInstance, partition: number, error: Error) => void,
  ) {
    this.world = world;
    this.log = new SimulatedLog(world);
    this.partitions = world.between(1, 3);
    this.taskTopics = new Set(taskTopics);
    for (const service of [schedulerService, timeoutTrackerService, cancellationService])
      this.#start(service(this), onTrouble);
  }

  /** What whoever asks or answers here needs. */
  get partyParts(): PartyParts {
    const { world, log, partitions } = this;
    return { world, log, codec, partitions, partitionsOf: (topic) => this.#partitionsOf(topic) };
  }

  /** Leaves nothing on the disk of this machine. */
  close(): void {
    for (const { disk } of this.instances) disk.remove();
  }

  #start(
    service: SimulatedService,
    onTrouble: (instance: ServiceInstance, partition: number, error: Error) => void,
  ): void {
    const { world } = this;
    const group = new SimulatedGroup(world, this.partitions);
    this.groups.push(group);
    const tuning = drawnTuning(world);
    for (let number = 1; number <= instanceCount; number++) {
      const name = `${service.name.replace('ratchet-', '')}-${String(number)}`;
      this.instances.push(new ServiceInstance(name, { ...this.partyParts, group, service, tuning, onTrouble }));
    }
  }

  #partitionsOf(topic: string): number {
    if (topic.endsWith('.dlq')) return 1;
    return queueOfTopic(topic) !== undefined || topic === topics.replies ? 2 : this.partitions;
  }
}

/** So small, in some worlds, that groups are full, and queues and outboxes hold things up. */
const drawnTuning = (world: World): ProcessorTuning => ({
  ...defaultTuning,
  groupKeysMax: world.pick([2, 8, 5_000]),
  queueBytesMax: world.pick([2_000, 4_194_304]),
  outboxBytesMax: world.pick([4_000, 67_108_864]),
});
