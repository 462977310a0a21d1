import {
  executionKey,
  taskTopic,
  type ActivityTask,
  type Command,
  type Query,
  type Reply,
  type StateRecord,
} from '@ratchet/domain';
import { topics } from '@ratchet/schemas';
import { factsOf, judge, type Note, type Noted, type Read } from '@ratchet/tools-drill/oracle';
import { Client, completeLater } from './clients.ts';
import { harm } from './faults.ts';
import { Gateway, readCompletions } from './gateways.ts';
import { expectedOutcomes, taskQueues } from './kinds.ts';
import { Party } from './party.ts';
import { answerKey, Replay } from './replay.ts';
import type { ServiceInstance } from './service-instance.ts';
import { stateTopics } from './services.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { isVisible, type LogEntry, type PartitionLog, type WrittenPart } from './simulated-log.ts';
import { installVirtualTime } from './virtual-time.ts';
import { readTasks, Worker } from './workers.ts';
import { isRemnant, type TransitionRules } from './transition-rules.ts';
import { World, type FaultCounts } from './world.ts';
import type { Past } from './story.ts';

/** A promise that was broken. */
export interface Breach {
  readonly rule: string;
  readonly why: string;
  /** The execution that it was broken to. */
  readonly about: string | undefined;
}

export interface Result {
  readonly seed: number;
  readonly breaches: readonly Breach[];
  readonly counts: FaultCounts;
  /** How many activities were started for certain. */
  readonly acceptedCount: number;
  readonly past: Past;
}

/** For so long there are faults; then everything must come to its end. */
const faultsMs = 12_000;
const settlesMsMax = 180_000;

/** Runs the world of a seed, first with faults, then without, and judges it. */
export async function simulate(seed: number): Promise<Result> {
  const world = new World(seed, faultsMs);
  const uninstall = installVirtualTime(world);
  try {
    return await play(world);
  } finally {
    uninstall();
  }
}

async function play(world: World): Promise<Result> {
  const simulation = new Simulation(world);
  try {
    return await simulation.run();
  } finally {
    simulation.close();
  }
}

class Simulation {
  readonly #world: World;
  readonly #cluster: SimulatedCluster;
  readonly #notes: Noted[] = [];
  readonly #breaches: Breach[] = [];
  readonly #replays: readonly Replay[];
  readonly #restores: Promise<void>[] = [];
  readonly #clients: readonly Client[];
  readonly #workers: readonly Worker[];
  readonly #gateways: readonly Gateway[];

  constructor(world: World) {
    this.#world = world;
    const cluster = new SimulatedCluster(world, [taskTopic('default', taskQueues.usual)], (...trouble) => {
      this.#trouble(...trouble);
    });
    this.#cluster = cluster;
    this.#replays = this.#newReplays();
    cluster.log.onCommitted = (written) => {
      this.#committed(written);
    };
    const parts = cluster.partyParts;
    const outside = new Party('outside', parts);
    const note = (who: string, each: Note): void => {
      this.#note(who, each);
    };
    const later = (task: ActivityTask): void =>
      void completeLater(outside, task, (each) => {
        note('outside', each);
      });
    const workerParts = { ...parts, note, completeLater: later };
    const { signer } = cluster;
    this.#workers = [1, 2, 3].map((number) => new Worker(`worker-${String(number)}`, workerParts));
    this.#clients = [1, 2].map((number) => new Client(`client-${String(number)}`, { ...parts, note }));
    this.#gateways = [1, 2].map((number) => new Gateway(`gateway-${String(number)}`, { ...parts, signer }));
    for (const queue of [taskQueues.usual, taskQueues.late]) readTasks(queue, this.#workers, parts);
    readCompletions(this.#gateways, parts);
  }

  async run(): Promise<Result> {
    const world = this.#world;
    this.#load();
    harm({
      world,
      log: this.#cluster.log,
      partitions: this.#cluster.partitions,
      instances: this.#cluster.instances,
      groups: this.#cluster.groups,
      clients: this.#clients,
      workers: this.#workers,
      gateways: this.#gateways,
      committedTo: (partition) => this.#replays[partition]?.position ?? 0,
    });
    await world.runUntil(faultsMs);
    this.#heal();
    await world.runUntil(faultsMs + settlesMsMax, () => this.#isSettled());
    await world.runUntil(world.now + 3_000);
    await world.runUntil(faultsMs + settlesMsMax + 10_000, () => this.#isCommitted());
    await Promise.all(this.#restores);
    return this.#judged();
  }

  close(): void {
    this.#cluster.close();
    for (const replay of this.#replays) replay.close();
  }

  // --- the world ---

  #trouble({ process }: ServiceInstance, partition: number, error: Error): void {
    const what = `${process.name} has stopped partition ${String(partition)}: ${error.message}`;
    // One that is stale may find what its successor has left behind; who owns it in the end must not be stopped.
    if (error.name === 'InvariantError') this.#breach('stopped', what);
    else this.#world.say(what);
  }

  #load(): void {
    const world = this.#world;
    const begin = (): void => {
      if (!world.hasFaults) return;
      const client = world.pick(this.#clients);
      if (world.roll(12) === 0) client.beginRun();
      else client.begin();
      world.later(undefined, world.between(20, 700), begin);
    };
    world.later(undefined, 100, begin);
  }

  /** Faults are over: whoever is down comes back by itself, and the clocks are right again. */
  #heal(): void {
    const world = this.#world;
    world.say('faults are over');
    for (const broker of this.#cluster.log.brokers) broker.aheadMs = 0;
    for (const { process } of this.#cluster.instances) process.wallAheadMs = 0;
  }

  #isSettled(): boolean {
    return this.#clients.every(({ isDone }) => isDone);
  }

  #isCommitted(): boolean {
    return this.#replays.every(
      ({ partition, position }) => position === this.#cluster.log.of(topics.commands, partition).end,
    );
  }

  // --- what is written down ---

  #note(who: string, note: Note): void {
    this.#notes.push({ at: this.#world.now, who, ...note });
  }

  #breach(rule: string, why: string, about?: string): void {
    if (this.#breaches.length < 50) this.#breaches.push({ rule, why, about });
  }

  #newReplays(): readonly Replay[] {
    const logOf = (topic: string, partition: number): PartitionLog => this.#cluster.log.of(topic, partition);
    const violated = (rule: string, why: string, about?: string): void => {
      this.#breach(rule, why, about);
    };
    const { codec, signer, partitions, taskTopics } = this.#cluster;
    const parts = { codec, signer, partitions, taskTopics, violated };
    return Array.from({ length: partitions }, (_, partition) => new Replay(partition, logOf, parts));
  }

  #committed(written: readonly WrittenPart[]): void {
    for (const [partition, parts] of Map.groupBy(written, ({ log }) => log.partition))
      this.#committedTo(partition, parts);
  }

  #committedTo(partition: number, written: readonly WrittenPart[]): void {
    const replay = this.#replays[partition];
    if (replay === undefined) return;
    replay.committed(written);
    if (this.#world.roll(12) === 0) this.#restores.push(replay.checkRestore());
  }

  // --- judging ---

  #judged(): Result {
    for (const replay of this.#replays) this.#judgePartition(replay);
    const { commands, queries, replies } = this.#readTopics();
    this.#judgeAnswers(replies, queries);
    const states = this.#readStates();
    const facts = factsOf({ commands, queries, replies, states }, executionKey);
    const { violations, acceptedCount } = judge(this.#notes, { facts, deadLetters: [] }, expectedOutcomes);
    for (const { rule, id, why } of violations) if (!this.#isExcused(rule, id)) this.#breach(rule, `${id}: ${why}`, id);
    for (const client of this.#clients)
      if (!client.isDone)
        this.#breach('not-done', `${client.party.process.name} waits for ${String(client.openCount)}`);
    const { seed, counts, history } = this.#world;
    return {
      seed,
      breaches: this.#breaches,
      counts,
      acceptedCount,
      past: { history, notes: this.#notes, commands, states },
    };
  }

  /**
   * The rules of the drill know neither resets nor retention: what is reset begins to count anew, what is kept for seconds only
   * may be gone before anyone was told, and a start that is repeated after that begins it again.
   */
  #isExcused(rule: string, id: string): boolean {
    const isAny = (of: (transitions: TransitionRules) => ReadonlySet<string>): boolean =>
      this.#replays.some(({ transitions }) => of(transitions).has(id));
    if (rule === 'not-told') return isAny(({ expired }) => expired);
    if (ofResets.has(rule) && isAny(({ reset }) => reset)) return true;
    return ofNewLives.has(rule) && isAny(({ begunAgain }) => begunAgain);
  }

  /** P7, P9: what the owner has come to is the replay; what nobody can handle is a dead letter. */
  #judgePartition(replay: Replay): void {
    const { partition, position } = replay;
    const { end } = this.#cluster.log.of(topics.commands, partition);
    if (position < end)
      this.#breach('not-committed', `partition ${String(partition)}: ${String(position)} of ${String(end)}`);
    replay.finish();
    const owner = this.#cluster.instances
      .flatMap(({ parts, owned }) => (parts.service.name === 'ratchet-scheduler' ? [owned.get(partition)] : []))
      .find((owned) => owned?.phase === 'running');
    const { logic } = owner ?? {};
    if (logic === undefined) this.#breach('not-owned', `nobody owns partition ${String(partition)}`);
    else if ((logic as unknown as { stateHash(): string }).stateHash() !== replay.stateHash())
      this.#breach('P7', `partition ${String(partition)}: its owner has another state than a replay`);
    const letters = this.#cluster.log.partitionsOf(`${topics.commands}.dlq`).flatMap(({ all }) => all);
    const known = new Set(letters.map(placeOfLetter));
    for (const offset of replay.letters)
      if (!known.has(`${String(partition)}/${String(offset)}`))
        this.#breach('P9', `partition ${String(partition)}: nothing tells of the command at ${String(offset)}`);
  }

  /** Whoever was answered was told what the log says. */
  #judgeAnswers(replies: readonly Read<Reply>[], queries: readonly Read<Query>[]): void {
    const expected = new Map(this.#replays.flatMap(({ answers }) => [...answers]));
    const asked = new Set(queries.map(({ value }) => `${value.replyTo.address} ${value.requestId}`));
    for (const { value: reply } of replies) {
      const { body, address, requestId } = reply;
      if (body.type !== 'Accepted' && body.type !== 'Refused') continue;
      const answer = expected.get(answerKey(reply));
      if (answer === undefined && asked.has(`${address} ${requestId}`)) continue;
      if (answer?.equals(this.#cluster.codec.encodeReply(reply)) !== true)
        this.#breach('answer', `${address} was answered ${requestId} otherwise than the log says: ${body.type}`);
    }
  }

  #readTopics(): {
    readonly commands: readonly Read<Command>[];
    readonly queries: readonly Read<Query>[];
    readonly replies: readonly Read<Reply>[];
  } {
    const { decodeCommand, decodeQuery, decodeReply } = this.#cluster.codec;
    return {
      commands: this.#read(topics.commands, decodeCommand),
      queries: this.#read(topics.queries, decodeQuery),
      replies: this.#read(topics.replies, decodeReply),
    };
  }

  #readStates(): readonly Read<StateRecord>[] {
    const states = stateTopics.flatMap((topic) => this.#read(topic, this.#cluster.codec.decodeState));
    return states.filter(({ value }) => value.type !== 'ActivitySnapshot' || !isRemnant(value.activity));
  }

  /** What can be read of all that was ever written. */
  #read<T>(topic: string, decode: (bytes: Buffer) => T | Promise<T>): readonly Read<T>[] {
    const entries = this.#cluster.log.partitionsOf(topic).flatMap(({ all }) => all.filter(isVisible));
    return entries.flatMap((record) => {
      const value = record.value === null ? undefined : readable(decode, record.value);
      return value === undefined ? [] : [{ record, value }];
    });
  }
}

function readable<T>(decode: (bytes: Buffer) => T | Promise<T>, bytes: Buffer): T | undefined {
  try {
    const value = decode(bytes);
    if (!(value instanceof Promise)) return value;
    value.catch(() => undefined);
  } catch {
    // It is a dead letter.
  }
  return undefined;
}

const placeOfLetter = ({ headers }: LogEntry): string =>
  `${String(headers['ratchet-dlq-partition'])}/${String(headers['ratchet-dlq-offset'])}`;

const ofResets: ReadonlySet<string> = new Set([
  'attempts-not-contiguous',
  'stale-token-accepted',
  'details-lost',
  'ran-twice',
]);

const ofNewLives: ReadonlySet<string> = new Set([
  'began-twice',
  'ended-twice',
  'attempts-not-contiguous',
  'ran-twice',
  'granted-after-end',
  'report-after-end',
  'changed-after-end',
]);
