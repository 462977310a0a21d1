import { partitionKey } from '@ratchet/domain';
import { topics } from '@ratchet/schemas';
import type { Client } from './clients.ts';
import type { Gateway } from './gateways.ts';
import { stateTopics } from './services.ts';
import type { ServiceInstance } from './service-instance.ts';
import type { SimulatedGroup } from './simulated-group.ts';
import type { PartitionLog, SimulatedLog } from './simulated-log.ts';
import type { SimulatedProcess, World } from './world.ts';
import type { Worker } from './workers.ts';

/** Who may be harmed. */
export interface Victims {
  readonly world: World;
  readonly log: SimulatedLog;
  readonly partitions: number;
  readonly instances: readonly ServiceInstance[];
  readonly groups: readonly SimulatedGroup[];
  readonly clients: readonly Client[];
  readonly workers: readonly Worker[];
  readonly gateways: readonly Gateway[];
  /** Up to where the commands of a partition were decided, and that is committed. */
  readonly committedTo: (partition: number) => number;
}

const downMsMax = 4_000;
const sleepMsMax = 6_000;

/** Something goes wrong every now and then, as long as the world has faults; what is down comes back. */
export function harm(victims: Victims): void {
  const { world } = victims;
  world.later(undefined, world.between(50, 900), () => {
    if (!world.hasFaults) return;
    world.pick(harms)(victims);
    harm(victims);
  });
}

type Harm = (victims: Victims) => void;

/** The more often it stands here, the more often it happens. */
const harms: readonly Harm[] = [
  crashService,
  crashService,
  crashService,
  stopService,
  sleepService,
  sleepService,
  rebalance,
  rebalance,
  crashWorker,
  sleepWorker,
  crashClient,
  crashGateway,
  breakBroker,
  moveLeader,
  jumpBrokerClock,
  jumpProcessClock,
  fillDisk,
  compact,
  compact,
  trim,
  writeNonsense,
  writeAstray,
];

const pickAlive = <T extends { readonly process: SimulatedProcess }>(
  world: World,
  all: readonly T[],
): T | undefined => {
  const alive = all.filter(({ process }) => process.isAlive);
  return alive.length === 0 ? undefined : world.pick(alive);
};

function crashService({ world, instances }: Victims): void {
  const victim = pickAlive(world, instances);
  if (victim === undefined) return;
  world.count('service-crash');
  world.say(`${victim.process.name} crashes`);
  victim.crash();
  world.later(undefined, world.between(10, downMsMax), () => victim.start());
}

/** Asked to stop, as whoever deploys does it. */
function stopService({ world, instances }: Victims): void {
  const victim = pickAlive(world, instances);
  if (victim === undefined) return;
  world.count('service-stop');
  world.say(`${victim.process.name} is asked to stop`);
  victim.stop(() => world.later(undefined, world.between(10, 500), () => victim.start()));
}

function sleepService({ world, instances }: Victims): void {
  const victim = pickAlive(world, instances);
  if (victim === undefined) return;
  world.count('service-sleep');
  putToSleep(world, victim.process);
}

function putToSleep(world: World, process: SimulatedProcess): void {
  process.sleepsUntil = world.now + world.between(100, sleepMsMax);
  world.say(`${process.name} is stopped until ${String(Math.round(process.sleepsUntil))}`);
}

function rebalance({ world, groups }: Victims): void {
  world.count('rebalance');
  world.pick(groups).rebalance();
}

function crashWorker({ world, workers }: Victims): void {
  const victim = pickAlive(
    world,
    workers.map((worker) => ({ worker, process: worker.party.process })),
  );
  if (victim === undefined) return;
  world.count('worker-crash');
  world.say(`${victim.process.name} crashes`);
  victim.worker.crash();
  world.later(undefined, world.between(10, downMsMax), () => victim.worker.restart());
}

function sleepWorker({ world, workers }: Victims): void {
  const victim = pickAlive(
    world,
    workers.map(({ party }) => party),
  );
  if (victim === undefined) return;
  world.count('worker-sleep');
  putToSleep(world, victim.process);
}

function crashClient({ world, clients }: Victims): void {
  const victim = world.pick(clients);
  if (!victim.party.process.isAlive) return;
  world.count('client-crash');
  victim.crash();
  world.later(undefined, world.between(10, 1_500), () => victim.restart());
}

function crashGateway({ world, gateways }: Victims): void {
  const victim = world.pick(gateways);
  if (!victim.party.process.isAlive) return;
  world.count('gateway-crash');
  victim.party.crash();
  world.later(undefined, world.between(10, 1_500), () => victim.restart());
}

/** Its partitions are led by the other one after a while, where that is there. */
function breakBroker({ world, log }: Victims): void {
  const index = world.roll(2);
  const broker = log.brokers[index];
  if (broker?.isUp !== true) return;
  world.count('broker-down');
  world.say(`broker ${String(index)} is down`);
  broker.isUp = false;
  world.later(undefined, world.between(100, 1_500), () => {
    if (broker.isUp) return;
    for (const each of log.allLogs) if (each.leader === index) log.moveLeader(each);
  });
  world.later(undefined, world.between(500, downMsMax), () => {
    broker.isUp = true;
  });
}

function moveLeader({ world, log }: Victims): void {
  log.moveLeader(world.pick(log.allLogs));
}

/** Its next append times may lie before those of the records that stand there. */
function jumpBrokerClock({ world, log }: Victims): void {
  const broker = world.pick(log.brokers);
  world.count('broker-clock-jump');
  broker.aheadMs = world.between(-3_000, 3_000);
}

function jumpProcessClock({ world, instances }: Victims): void {
  world.count('process-clock-jump');
  world.pick(instances).process.wallAheadMs = world.between(-60_000, 60_000);
}

function fillDisk({ world, instances }: Victims): void {
  world.count('disk-full');
  world.pick(instances).disk.fullUntil = world.now + world.between(100, 3_000);
}

function compact({ world, log, partitions }: Victims): void {
  const states = log.of(world.pick(stateTopics), world.roll(partitions));
  world.count('compaction');
  log.compact(states, world.between(states.start, states.end));
}

/** What was decided and committed may go; questions may go before anyone has read them. */
function trim(victims: Victims): void {
  const { world, log, partitions, committedTo } = victims;
  const partition = world.roll(partitions);
  world.count('retention');
  const commands = log.of(topics.commands, partition);
  log.trim(commands, world.between(commands.start, committedTo(partition)));
  const queries = log.of(topics.queries, partition);
  if (world.roll(3) === 0) log.trim(queries, world.between(queries.start, queries.end));
}

const pickInput = ({ world, log, partitions }: Victims, names: readonly string[]): PartitionLog =>
  log.of(world.pick(names), world.roll(partitions));

/** Bytes that nobody can read. */
function writeNonsense(victims: Victims): void {
  const { world, log } = victims;
  const at = pickInput(victims, [topics.commands, topics.queries, topics.cancellations, topics.completions]);
  world.count('poison');
  const value = world.pick([Buffer.from('nonsense'), Buffer.alloc(0), Buffer.from([0, 0, 0, 0, 99, 1, 2, 3]), null]);
  log.append(at, [{ topic: at.topic, key: 'nonsense', value }]);
}

/** A command of another partition: whoever has written it has another partitioner. */
function writeAstray(victims: Victims): void {
  const { world, log, partitions, clients } = victims;
  world.count('wrong-partition');
  const target = { namespace: 'default', workflowId: '', runId: '', activityId: 'astray' };
  const { codec } = world.pick(clients).party.parts;
  const command = { type: 'Terminate', target, requestId: 'astray', identity: 'stranger', reason: 'astray' } as const;
  const at = log.of(topics.commands, world.roll(partitions));
  log.append(at, [{ topic: at.topic, key: partitionKey(target), value: codec.encodeCommand(command) }]);
}
