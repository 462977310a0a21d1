import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runUntilAskedToStop } from '@ratchet/tools-kafka';
import { preferQuickStart } from '@ratchet/tools-start';
import { attacks } from './attacks/index.ts';
import { growthOf, problemsOf, slowdownOf, type Effect } from './measured.ts';
import { Stage } from './stage.ts';

const STATE = join(import.meta.dirname, '..', '..', '..', '.ratchet');
const names = Object.keys(attacks);

const usage = `npm run attack -- [--attack <name>,...] [--seconds <count>]

Attacks a Ratchet that it starts itself, with API keys, a key for tokens, a webhook and a gateway beside it that asks
nobody; each attack comes from a process of less priority. A neighbour in another namespace runs 40 activities a
second all the while. Ends with 1 when the neighbour's p99 is more than 3 times the quiet one, a service takes more than
200 MiB more, an activity of the neighbour fails, or the attack is not refused as it should be.

  --attack    which, one after the other; default: all
${names.map((name) => `                ${name.padEnd(20)} ${attacks[name]?.about ?? ''}`).join('\n')}
  --seconds   how long the neighbour is measured, quiet and attacked each; default: 20`;

const warmUpMs = 5_000;
/** A measurement on a busy machine may be off: what is beyond is measured again, and the median counts. */
const tryCount = 3;

const say = (line: string): void => {
  console.log(line);
};

const { values } = parseArgs({
  options: {
    attack: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosen(text: string | undefined): readonly string[] {
  if (text === undefined) return names;
  const given = text.split(',').map((name) => name.trim());
  const unknown = given.find((name) => !names.includes(name));
  if (unknown === undefined) return given;
  throw new Error(`Expected --attack to name some of ${names.join(', ')}, but it is '${unknown}'`);
}

function secondsOf(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`Expected --seconds to be a number above 0, but it is '${text}'`);
}

/** Quiet first, then attacked, in one sitting. */
async function effectOf(stage: Stage, name: string, ms: number): Promise<Effect> {
  await stage.measure(warmUpMs);
  const quiet = await stage.memoryWhile(() => stage.measure(ms));
  const attacked = await stage.memoryWhile(() => stage.attackWhile(name, () => stage.measure(ms)));
  const { told, notRefused } = attacked.result.report;
  return {
    quiet: quiet.result,
    attacked: attacked.result.result,
    quietMiB: quiet.miB,
    attackedMiB: attacked.miB,
    told,
    ...(notRefused === undefined ? {} : { notRefused }),
  };
}

const at = (ms: number): string => (ms === Infinity ? 'never' : `${ms.toFixed(0)} ms`);

function rowOf(name: string, effect: Effect): string {
  const { quiet, attacked, told } = effect;
  const { service, miB } = growthOf(effect);
  const problems = problemsOf(effect);
  const answers = Object.entries(told).map(([answer, count]) => `${answer} (${String(count)})`);
  return [
    name.padEnd(20),
    `p99 ${at(quiet.p99Ms)} -> ${at(attacked.p99Ms)} (x ${slowdownOf(effect).toFixed(1)}, of ${String(attacked.count)})`.padEnd(
      46,
    ),
    `${service} +${String(miB)} MiB`.padEnd(32),
    `told ${answers.join(', ') || 'nothing'}`.padEnd(40),
    problems.length === 0 ? 'held' : `BROKEN: ${problems.join('; ')}`,
  ].join('  ');
}

/** @returns the effect in the middle of those measured. */
const medianOf = (effects: readonly Effect[]): Effect | undefined =>
  effects.toSorted((a, b) => slowdownOf(a) - slowdownOf(b))[Math.floor(effects.length / 2)];

/** One that is beyond the limits in time alone is measured again: the machine may have been busy with something else. */
const isWorthAnotherTry = (effect: Effect): boolean =>
  problemsOf(effect).length > 0 && problemsOf({ ...effect, attacked: effect.quiet }).length === 0;

class Sitting {
  #stage: Stage | undefined;
  readonly #ms: number;
  readonly #asked: AbortSignal;
  #stageCount = 0;

  /** @param asked aborted: what is measured is given up. */
  constructor(ms: number, asked: AbortSignal) {
    this.#ms = ms;
    this.#asked = asked;
  }

  /** @returns whether it came to nothing. */
  async attack(name: string): Promise<boolean> {
    const effects: Effect[] = [];
    do effects.push(await effectOf(await this.#freshStage(), name, this.#ms));
    while (effects.length < tryCount && isWorthAnotherTry(medianOf(effects) ?? neverEffect()));
    const effect = medianOf(effects) ?? neverEffect();
    say(rowOf(name, effect));
    return problemsOf(effect).length === 0;
  }

  async end(): Promise<void> {
    await this.#stage?.stop();
    this.#stage = undefined;
  }

  /** What an attack has left in services and topics is gone with them, if they cannot do without. */
  async #freshStage(): Promise<Stage> {
    if (this.#stage !== undefined) {
      try {
        await this.#stage.restartServices();
        const { failedCount } = await this.#stage.measure(warmUpMs);
        if (failedCount === 0) return this.#stage;
      } catch {
        // They do not get ready.
      }
      this.#asked.throwIfAborted();
      await this.end();
    }
    const folder = join(STATE, `attack-${String(process.pid)}-${String(this.#stageCount++)}`);
    this.#stage = await Stage.start(folder, values.verbose ? say : () => undefined, this.#asked);
    return this.#stage;
  }
}

function neverEffect(): never {
  throw new Error('Expected to have measured something, but there is nothing');
}

async function run(asked: AbortSignal): Promise<number> {
  const wanted = chosen(values.attack);
  const sitting = new Sitting(secondsOf(values.seconds) * 1000, asked);
  preferQuickStart(process.env, STATE);
  const broken: string[] = [];
  try {
    for (const name of wanted) if (!(await sitting.attack(name))) broken.push(name);
  } finally {
    await sitting.end();
  }
  say(broken.length === 0 ? 'Every attack came to nothing.' : `BROKEN by ${broken.join(', ')}`);
  return broken.length === 0 ? 0 : 1;
}

if (values.help) say(usage);
else await runUntilAskedToStop(run);
