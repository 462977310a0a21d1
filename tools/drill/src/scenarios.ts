import { spawn } from 'node:child_process';
import type { Random } from '@ratchet/testing';
import { KafkaProxy } from '@ratchet/kafka/testing';
import type { SlowdownLimit } from './oracle/latency.ts';
import { Clocks } from './stage/clocks.ts';
import type { FaultKind, Faults } from './stage/faults.ts';
import { serviceRoles, workerRoles, type Member, type Role } from './stage/member.ts';
import { bringRelease } from './stage/former-release.ts';
import { SmallDisk } from './stage/small-disk.ts';
import { ownRoot, type Stage, type StageOptions } from './stage/stage.ts';

/** What a scenario has to work with. */
export interface Play {
  readonly stage: Stage;
  readonly faults: Faults;
  readonly random: Random;
  /** No further fault may begin. */
  readonly isOver: () => boolean;
  /** How long one fault may last. */
  readonly msMax: number;
  /** Runs a part of the play whose latencies are told apart by this name. */
  readonly phase: (name: string, part: () => Promise<void>) => Promise<void>;
}

/** What a scenario needs before its stage is there. */
export interface Preparation {
  readonly stageOptions?: Pick<
    StageOptions,
    'brokerCount' | 'brokerEnvironment' | 'environmentOf' | 'addressFor' | 'rootOf'
  >;
  readonly play: (play: Play) => Promise<void>;
  /** Once the stage is gone. */
  readonly clear?: () => void | Promise<void>;
}

export interface ScenarioSettings {
  readonly say: (line: string) => void;
  /** Which release goes before this one, by a name of git's; absent: the last. */
  readonly from?: string;
}

export interface Scenario {
  readonly about: string;
  /** Without these nothing was drilled. */
  readonly mustHappen: readonly FaultKind[];
  /** Default: 50 a second of all kinds. */
  readonly load?: Pick<StageOptions, 'load' | 'perSecond'>;
  /** How much longer a client may wait for outcomes while it is played. */
  readonly slowdown?: SlowdownLimit;
  /** @throws Error that says what this machine lacks for it. */
  readonly prepare: (folder: string, settings: ScenarioSettings) => Preparation | Promise<Preparation>;
}

// Pauses come before faults: what follows the last fault is the wait until everyone is back, which counts from there.

const seconds = (count: number): number => count * 1000;

/** Everyone once, in another order each time; then again. */
function* inTurns<T>(random: Random, list: () => readonly T[]): Generator<T, never> {
  for (;;) yield* random.pickSome(Infinity, list());
}

const kill = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
  const victims = inTurns(random, () => stage.members);
  while (!isOver()) {
    await stage.pause(random.between(seconds(2), seconds(8)));
    // One time in three two at once, the instances of one service among them.
    const pair = [victims.next().value, ...(random.oneIn(3) ? [victims.next().value] : [])];
    await Promise.all(pair.map((victim) => faults.kill(victim)));
  }
};

const stop = async ({ stage, faults, random, isOver, msMax }: Play): Promise<void> => {
  const victims = inTurns(random, () => stage.members);
  const lasting = (): number => random.between(seconds(3), msMax);
  for (let turn = 0; !isOver(); turn++) {
    await stage.pause(random.between(seconds(2), seconds(8)));
    const second = async (): Promise<void> => {
      await stage.pause(random.between(0, seconds(5)));
      await (turn % 3 === 2 ? faults.stopBroker(lasting()) : faults.stop(victims.next().value, lasting()));
    };
    await Promise.all([faults.stop(victims.next().value, lasting()), second()]);
  }
};

/** A lost member's way back leads through a broker that answers for a moment only, and machines that have no time. */
const stall = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
  const busy = [1, 2].map(() => spawn('sh', ['-c', 'while kill -0 $PPID; do :; done'], { stdio: 'ignore' }));
  try {
    for (let turn = 0; turn === 0 || !isOver(); turn++) {
      await stage.pause(seconds(25));
      const [stopped, running, again] = turn === 0 ? [14, 0.6, 32] : drawStall(random);
      await faults.stopBroker(seconds(stopped));
      await stage.pause(seconds(running));
      await faults.stopBroker(seconds(again));
    }
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }
};

const drawStall = (random: Random): [stopped: number, running: number, again: number] => [
  random.between(10, 18),
  random.between(0.2, 2),
  random.between(20, 40),
];

const broker = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
  while (!isOver()) {
    await stage.pause(random.between(seconds(5), seconds(15)));
    await faults.killBroker(random.oneIn(2) ? 0 : random.between(seconds(2), seconds(20)));
  }
};

const registry = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
  const services = inTurns(random, () => stage.services);
  const workers = inTurns(random, () => stage.workers.filter(({ role }) => role === 'worker'));
  for (let turn = 0; turn < 2 || !isOver(); turn++) {
    await stage.pause(random.between(seconds(3), seconds(8)));
    const ms = random.between(seconds(5), seconds(20));
    if (turn % 2 === 0) await faults.loseRegistry(ms);
    else await faults.startWithoutRegistry([services.next().value, services.next().value, workers.next().value], ms);
  }
};

/** A day and an hour for those whose clock decides nothing; seconds for the broker's, which is the clock of the log. */
const clockSteps = { others: [86_400, -3_600], broker: [8, -8] } as const;

function prepareClock(folder: string): Preparation {
  const clocks = new Clocks(folder);
  const play = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
    const groups = inTurns(random, () => [
      ...serviceRoles.map((role) => stage.services.filter((member) => member.role === role)),
      stage.workers,
      random.pickSome(3, stage.members),
      [],
    ]);
    for (let turn = 0; turn < 2 || !isOver(); turn++) {
      await stage.pause(random.between(seconds(3), seconds(10)));
      const group: readonly Member[] = groups.next().value;
      const names = group.length === 0 ? ['broker'] : group.map(({ name }) => name);
      const ahead = clockSteps[group.length === 0 ? 'broker' : 'others'][turn % 2 === 0 ? 0 : 1];
      await faults.during(
        ahead > 0 ? 'clock-ahead' : 'clock-back',
        names.join(', '),
        `${String(ahead)} s`,
        async () => {
          for (const name of names) clocks.set(name, ahead);
          await stage.pause(seconds(17));
          for (const name of names) clocks.set(name, 0);
        },
      );
    }
  };
  return {
    stageOptions: {
      brokerEnvironment: clocks.environmentOf('broker'),
      environmentOf: (name) => clocks.environmentOf(name),
    },
    play,
  };
}

const diskMiB = 768;

function prepareDisk(folder: string): Preparation {
  const disk = SmallDisk.mount(`${folder}/kafka/broker-1`, diskMiB);
  const play = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
    while (!isOver()) {
      await stage.pause(random.between(seconds(8), seconds(20)));
      const ms = random.between(seconds(4), seconds(15));
      await faults.during('disk-full', 'broker', `for ${(ms / 1000).toFixed(1)} s`, async () => {
        disk.fill();
        await stage.pause(ms);
        disk.free();
        // A broker whose last disk fails ends; whoever runs it starts it again once there is room.
        await stage.kafka.killBroker(1);
        await stage.kafka.startBroker(1);
      });
    }
  };
  return {
    play,
    clear: () => {
      disk.unmount();
    },
  };
}

const storm = async ({ stage, faults, random, isOver }: Play): Promise<void> => {
  const roles: readonly Role[] = [...serviceRoles, ...workerRoles];
  const comeAndGo = async (): Promise<void> => {
    while (!isOver()) {
      await stage.pause(random.between(0, seconds(3)));
      await faults.comeAndGo(
        random.pick(roles),
        random.between(seconds(1), seconds(10)),
        random.oneIn(2) ? 'SIGTERM' : 'SIGKILL',
      );
    }
  };
  await Promise.all([comeAndGo(), comeAndGo(), comeAndGo()]);
};

/** Until code is compiled and pools are filled: what comes later is to be compared with the best of it. */
const warmMs = seconds(20);
const quietMs = seconds(40);
/** From one restart to the next: the newcomer is ready, and compiles what it runs. */
const betweenRestartsMs = seconds(5);

/** Every instance of every service in turn, each started anew once the former is gone. */
const rolling = async ({ stage, faults, isOver, phase }: Play): Promise<void> => {
  await stage.pause(warmMs);
  await phase('quiet', () => stage.pause(quietMs));
  await phase('rolling', async () => {
    do {
      for (const member of stage.services)
        await phase(member.name, async () => {
          await faults.restart(member);
          await stage.pause(betweenRestartsMs);
        });
    } while (!isOver());
  });
};

/** Everyone of the former release first; then each is replaced by the new one, in an order drawn anew, and back again. */
async function prepareUpgrade(_: string, { say, from }: ScenarioSettings): Promise<Preparation> {
  const { ref, commit, root } = await bringRelease(from, say);
  say(`the former release is ${ref} (${commit.slice(0, 12)})`);
  const play = async ({ stage, faults, random, isOver, phase }: Play): Promise<void> => {
    const goTo = (to: string) => async (): Promise<void> => {
      for (const member of random.pickSome(Infinity, stage.members)) {
        member.root = to;
        await faults.restart(member);
        await stage.pause(random.between(0, betweenRestartsMs));
      }
    };
    await phase('former', () => stage.pause(warmMs));
    do {
      await phase('upgrade', goTo(ownRoot));
      await phase('upgraded', () => stage.pause(warmMs));
      await phase('rollback', goTo(root));
      await phase('rolled-back', () => stage.pause(warmMs));
    } while (!isOver());
  };
  return { play, stageOptions: { rootOf: (name) => (name === newClient ? ownRoot : root) } };
}

/** Who uses the new libraries from the start; the other client keeps the former ones to the end. */
const newClient = 'client-1';

/** A broker, and everyone whose name has the same number, are in a zone: all of it is gone at once, and is back later. */
const zoneOf = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 1);
const zones = [1, 2, 3];

function prepareZone(): Preparation {
  const play = async ({ stage, faults, random, isOver, msMax }: Play): Promise<void> => {
    const lost = inTurns(random, () => zones);
    for (let turn = 0; turn < zones.length || !isOver(); turn++) {
      await stage.pause(random.between(seconds(10), seconds(15)));
      const zone = lost.next().value;
      const there = stage.members.filter(({ name }) => zoneOf(name) === zone);
      const ms = random.between(seconds(10), Math.max(seconds(10), msMax));
      await faults.during('zone-lost', `zone-${String(zone)}`, `for ${(ms / 1000).toFixed(1)} s`, async () => {
        await Promise.all([stage.kafka.killBroker(zone), ...there.map((member) => stage.remove(member, 'SIGKILL'))]);
        await stage.pause(ms);
        await stage.kafka.startBroker(zone);
        for (const { role } of there) stage.add(role);
      });
    }
  };
  const replicated = { RATCHET_REPLICATION_FACTOR: '3', RATCHET_MIN_INSYNC_REPLICAS: '2' };
  const environmentOf = (name: string) => ({ ...replicated, RATCHET_ZONE: `zone-${String(zoneOf(name))}` });
  return { play, stageOptions: { brokerCount: 3, environmentOf } };
}

/** Requests to a group's coordinator, by their numbers in Kafka's protocol. */
const groupRequests = {
  'offset commit': 8,
  'offset fetch': 9,
  'find coordinator': 10,
  join: 11,
  heartbeat: 12,
  leave: 13,
  sync: 14,
} as const;

function prepareCoordinator(): Preparation {
  let proxy: KafkaProxy | undefined;
  const play = async ({ stage, faults, random, isOver, msMax }: Play): Promise<void> => {
    const names = inTurns(random, () => Object.keys(groupRequests) as (keyof typeof groupRequests)[]);
    for (let turn = 0; !isOver(); turn++) {
      await stage.pause(random.between(seconds(3), seconds(10)));
      const chosen = [names.next().value, names.next().value];
      const keys: readonly number[] = chosen.map((name) => groupRequests[name]);
      const ms = random.between(seconds(3), Math.min(msMax, seconds(30)));
      const silence = async (): Promise<void> => {
        if (proxy !== undefined) proxy.decide = ({ apiKey }) => (keys.includes(apiKey) ? 'swallow-answer' : 'forward');
        await stage.pause(ms);
        if (proxy !== undefined) proxy.decide = () => 'forward';
      };
      const cut = async (): Promise<void> => {
        await stage.pause(ms / 2);
        if (turn % 2 === 0)
          await faults.during('coordinator-cut', 'all connections', '', () => Promise.resolve(proxy?.cut()));
      };
      const detail = `for ${(ms / 1000).toFixed(1)} s`;
      await Promise.all([faults.during('coordinator-silent', chosen.join(', '), detail, silence), cut()]);
    }
  };
  return {
    stageOptions: {
      addressFor: async (brokers) => {
        proxy = await KafkaProxy.start(brokers);
        return proxy.address;
      },
    },
    play,
    clear: () => proxy?.stop(),
  };
}

/** What a stage goes through, by name. */
export const scenarios = {
  kill: {
    about: 'kill -9 of services and workers, one or two at a time',
    mustHappen: ['service-killed', 'worker-killed'],
    prepare: () => ({ play: kill }),
  },
  stop: {
    about: 'SIGSTOP of services, workers and the broker, in pairs',
    mustHappen: ['service-stopped', 'worker-stopped', 'broker-stopped'],
    prepare: () => ({ play: stop }),
  },
  stall: {
    about: 'the broker stopped for 14 s, running for 0.6 s, stopped for 32 s, beside busy processes',
    mustHappen: ['broker-stopped'],
    prepare: () => ({ play: stall }),
  },
  broker: {
    about: 'kill -9 of the broker, and a restart',
    mustHappen: ['broker-killed'],
    prepare: () => ({ play: broker }),
  },
  registry: {
    about: 'the registry gone, while everyone runs and while some start',
    mustHappen: ['registry-gone-warm', 'registry-gone-cold'],
    prepare: () => ({ play: registry }),
  },
  clock: {
    about: 'wall clocks set ahead and back, of services, workers and the broker',
    mustHappen: ['clock-ahead', 'clock-back'],
    prepare: prepareClock,
  },
  disk: {
    about: "the broker's disk full; takes root",
    mustHappen: ['disk-full'],
    prepare: prepareDisk,
  },
  storm: {
    about: 'instances that come and go, three at a time',
    mustHappen: ['member-came-and-went'],
    prepare: () => ({ play: storm }),
  },
  rolling: {
    about: 'SIGTERM and a restart of every service, one after the other, under 200 activities a second; latencies',
    mustHappen: ['restarted'],
    load: { load: 'brisk', perSecond: 200 },
    slowdown: { phase: 'rolling', than: 'quiet', timesMax: 2 },
    prepare: () => ({ play: rolling }),
  },
  upgrade: {
    about:
      'every process replaced by its next release and back, one after the other, while others are of the other one',
    mustHappen: ['restarted'],
    prepare: prepareUpgrade,
  },
  zone: {
    about: 'three brokers in three zones; a zone is gone with its broker, its services and its workers, and is back',
    mustHappen: ['zone-lost'],
    prepare: prepareZone,
  },
  coordinator: {
    about: "the group coordinator's answers lost on the way, and connections cut",
    mustHappen: ['coordinator-silent', 'coordinator-cut'],
    prepare: prepareCoordinator,
  },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof scenarios;
