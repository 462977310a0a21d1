import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ActivityClient } from '@ratchet/client';
import { runUntilAskedToStop, startKafka, unlessAborted, type RunningKafka } from '@ratchet/tools-kafka';
import { mainOf, ServiceProcess } from '@ratchet/tools-start';
import { percentiles, type Percentiles } from './load.ts';
import { say, wholeOf } from './stage.ts';

const usage = `Measures what starts of activities wait for while schedulers come and go: one that joins, one that leaves on SIGTERM, one that
is killed. Each scheduler is a process with a folder of its own for its state. No worker runs: what is started stays open.

  npm run bench:takeover -- [--json] [--schedulers N] [--partitions N] [--rate N] [--open N] [--times N] [--copies N] [--session MS]

  --json         print one line of JSON and nothing else on standard output
  --schedulers   how many there are before one joins (default 2)
  --partitions   of each topic (default 12)
  --rate         how many activities are started in a second, whatever becomes of the others (default 100)
  --open         how many are open before anything is measured: what a takeover without a store has to read (default 10000)
  --times        how often one joins and leaves, and one joins and is killed (default 3)
  --copies       RATCHET_STANDBY_COPIES (default 0)
  --session      RATCHET_SESSION_TIMEOUT_MS (default 6000)`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    schedulers: { type: 'string', default: '2' },
    partitions: { type: 'string', default: '12' },
    rate: { type: 'string', default: '100' },
    open: { type: 'string', default: '10000' },
    times: { type: 'string', default: '3' },
    copies: { type: 'string', default: '0' },
    session: { type: 'string', default: '6000' },
    help: { type: 'boolean', default: false },
  },
});

interface Settings {
  readonly schedulers: number;
  readonly partitions: number;
  /** Starts in a second. */
  readonly rate: number;
  readonly open: number;
  readonly times: number;
  readonly copies: number;
  readonly sessionMs: number;
}

/** @throws Error that names the option whose value is none. */
const readSettings = (): Settings => ({
  schedulers: wholeOf('schedulers', values.schedulers),
  partitions: wholeOf('partitions', values.partitions),
  rate: wholeOf('rate', values.rate),
  open: wholeOf('open', values.open, 0),
  times: wholeOf('times', values.times),
  copies: wholeOf('copies', values.copies, 0),
  sessionMs: wholeOf('session', values.session),
});

const folder = resolve('.ratchet/bench-takeover');
/** After an event, until it counts as over. */
const settleMs = 3_000;
/** Starts that are in flight while those are made that are open before anything is measured. */
const fillWidth = 200;

interface Started {
  /** In which it was asked for. */
  readonly phase: string;
  /** How long it waited for its answer, milliseconds; `undefined`: it failed. */
  readonly ms: number | undefined;
}

/** What the starts of a phase have waited that were answered. */
interface Waits extends Percentiles {
  readonly count: number;
  readonly failedCount: number;
}

function waitsOf(started: readonly Started[], phase: string): Waits {
  const all = started.filter((each) => each.phase === phase);
  const answered = all.flatMap(({ ms }) => ms ?? []);
  return { count: answered.length, failedCount: all.length - answered.length, ...percentiles(answered) };
}

/** Starts activities at a steady rate, whatever becomes of the former ones, and keeps how long each has waited for its answer. */
class Load {
  readonly started: Started[] = [];
  phase = 'warm-up';
  readonly #client: ActivityClient;
  readonly #timer: NodeJS.Timeout;
  readonly #begunAt = performance.now();
  readonly #pending = new Set<Promise<void>>();
  #count = 0;

  constructor(client: ActivityClient, perSecond: number) {
    this.#client = client;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#begunAt) / 1000) * perSecond;
      while (this.#count < due) this.#start();
    }, 5);
  }

  /** Starts nothing more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** All that were begun have their answers, or have failed. */
  async ended(): Promise<void> {
    this.stop();
    await Promise.all(this.#pending);
  }

  #start(): void {
    const { phase } = this;
    const begun = performance.now();
    const over = (ms: number | undefined): void => {
      this.started.push({ phase, ms });
      this.#pending.delete(starting);
    };
    const starting: Promise<void> = startOne(this.#client, `load-${String(this.#count++)}`).then(
      () => over(performance.now() - begun),
      () => over(undefined),
    );
    this.#pending.add(starting);
  }
}

const argument = 'x'.repeat(200);
const startOne = async (client: ActivityClient, id: string): Promise<void> => {
  const timeouts = { startToClose: '1h' } as const;
  await client.start('noop', { id, taskQueue: 'nobody', args: [argument], timeouts });
};

async function fill(client: ActivityClient, count: number): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await startOne(client, `open-${String(next++)}`);
  };
  await Promise.all(Array.from({ length: fillWidth }, loop));
}

/** Schedulers that come and go, each with a folder of its own. */
class Schedulers {
  readonly #kafka: RunningKafka;
  readonly #settings: Settings;
  readonly #running: ServiceProcess[] = [];
  #count = 0;

  constructor(kafka: RunningKafka, settings: Settings) {
    this.#kafka = kafka;
    this.#settings = settings;
  }

  async join(): Promise<ServiceProcess> {
    const number = String(this.#count++);
    const { partitions, copies, sessionMs } = this.#settings;
    const environment = {
      ...(process.env as Record<string, string>),
      MALLOC_ARENA_MAX: '2',
      RATCHET_ENVIRONMENT: 'development',
      RATCHET_KAFKA_BROKERS: this.#kafka.brokers,
      RATCHET_SCHEMA_REGISTRY_URL: this.#kafka.registryUrl,
      RATCHET_PARTITIONS: String(partitions),
      RATCHET_HEALTH_PORT: '0',
      RATCHET_LOG_FORMAT: 'json',
      RATCHET_SESSION_TIMEOUT_MS: String(sessionMs),
      RATCHET_STATE_DIRECTORY: join(folder, `scheduler-${number}`),
      RATCHET_STANDBY_COPIES: String(copies),
    };
    const scheduler = new ServiceProcess({
      name: `scheduler-${number}`,
      main: () => mainOf('scheduler'),
      environment: () => environment,
      log: (line) => {
        if (/"level":"(warn|error|fatal)"/.test(line)) say(`scheduler-${number} | ${line}`);
      },
    });
    scheduler.start();
    await scheduler.ready();
    this.#running.push(scheduler);
    return scheduler;
  }

  /** The one that has come last. */
  async leave(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const scheduler = this.#running.pop();
    if (scheduler === undefined) return;
    if (signal === 'SIGTERM') return scheduler.stop();
    await scheduler.kill('SIGKILL');
    // It is not to come again.
    await scheduler.stop();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((each) => each.stop()));
  }
}

async function play(schedulers: Schedulers, load: Load, { times, sessionMs }: Settings): Promise<void> {
  const phase = async (name: string, act: () => Promise<unknown>, forMs = settleMs): Promise<void> => {
    load.phase = name;
    await act();
    await pause(forMs);
    load.phase = 'between';
    await pause(1_000);
  };
  await pause(settleMs);
  await phase('quiet', () => pause(5_000));
  for (let time = 0; time < times; time++) {
    await phase('join', () => schedulers.join());
    await phase('leave', () => schedulers.leave('SIGTERM'));
    await phase('join', () => schedulers.join());
    await phase('kill', () => schedulers.leave('SIGKILL'), sessionMs + settleMs);
  }
}

async function run(asked: AbortSignal): Promise<number> {
  const settings = readSettings();
  rmSync(folder, { recursive: true, force: true });
  const kafka = await startKafka({ folder: join(folder, 'kafka'), log: say });
  const schedulers = new Schedulers(kafka, settings);
  let client: ActivityClient | undefined;
  let load: Load | undefined;
  try {
    for (let count = 0; count < settings.schedulers; count++) await schedulers.join();
    client = await ActivityClient.connect({ brokers: kafka.brokers.split(','), registry: kafka.registryUrl });
    await unlessAborted(asked, fill(client, settings.open));
    load = new Load(client, settings.rate);
    await unlessAborted(asked, play(schedulers, load, settings));
    await load.ended();
    report(load.started);
  } finally {
    load?.stop();
    await client?.close();
    await schedulers.stop();
    await kafka.stop();
  }
  return 0;
}

function report(started: readonly Started[]): void {
  const phases = ['quiet', 'join', 'leave', 'kill'];
  const waits = Object.fromEntries(phases.map((phase) => [phase, waitsOf(started, phase)]));
  for (const [phase, { count, failedCount, p50Ms, p99Ms, maxMs }] of Object.entries(waits))
    say(
      `${phase.padEnd(6)} ${String(count).padStart(6)} starts: p50 ${String(p50Ms)} ms, p99 ${String(p99Ms)} ms, ` +
        `at most ${String(maxMs)} ms; ${String(failedCount)} failed`,
    );
  if (values.json) process.stdout.write(`${JSON.stringify(waits)}\n`);
}

if (values.help) say(usage);
else await runUntilAskedToStop(run);
