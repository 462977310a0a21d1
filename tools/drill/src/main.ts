import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runUntilAskedToStop } from '@ratchet/tools-kafka';
import { preferQuickStart } from '@ratchet/tools-start';
import { drill, forget, type DrillOptions } from './drill.ts';
import { reportOf } from './report.ts';
import { scenarios, type Scenario, type ScenarioName } from './scenarios.ts';

const STATE = join(import.meta.dirname, '..', '..', '..', '.ratchet');
const names = Object.keys(scenarios) as ScenarioName[];

const usage = `npm run drill -- [--scenario <name>,...] [--minutes <count>] [--rate <count>] [--from <ref>] [--seed <number>]

Does harm to a Ratchet under load, and checks what it promises: a broker, a registry, two instances of each service, four
workers and two clients that start 50 activities of every kind a second, each a process of its own. What clients and
workers noted, and the topics, are the only witnesses. Ends with 1 when a promise was broken.

  --scenario   which, one after the other; default: all
${names.map((name) => `                 ${name.padEnd(12)} ${scenarios[name].about}`).join('\n')}
  --minutes    how long each goes on, before everyone must be back within 20 s; default: 1
  --rate       how many activities are started in a second; default: 50, or what the scenario says
  --from       the release that scenario upgrade begins with, by a name of git's; default: the last
  --seed       draws the same faults again; default: a new one, which is printed

It starts its own broker from the jars (Java 17, Maven). Scenario clock needs libfaketime, scenario disk root; without
them these fail.`;

const say = (line: string): void => {
  console.log(line);
};

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    rate: { type: 'string' },
    from: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function chosen(text: string | undefined): readonly ScenarioName[] {
  if (text === undefined) return names;
  return text.split(',').map((given) => {
    const name = names.find((each) => each === given.trim());
    if (name === undefined)
      throw new Error(`Expected --scenario to name some of ${names.join(', ')}, but it is '${given}'`);
    return name;
  });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`Expected --${option} to be a number above 0, but it is '${text}'`);
}

type Given = Pick<DrillOptions, 'ms' | 'seed' | 'perSecond' | 'from'>;

/** @returns whether all promises held. */
async function play(name: ScenarioName, given: Given, asked: AbortSignal): Promise<boolean> {
  const scenario: Scenario = scenarios[name];
  const folder = join(STATE, 'drill', `${name}-${String(given.seed)}-${String(process.pid)}`);
  say(`\nscenario ${name}: ${scenario.about}; seed ${String(given.seed)}`);
  try {
    const verdict = await drill({ scenario, folder, say, asked, ...given });
    say(reportOf(verdict, folder));
    if (verdict.held) forget(folder);
    return verdict.held;
  } catch (error) {
    if (asked.aborted) {
      forget(folder);
      throw error;
    }
    say(`verdict:  could not be played: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    say(`what there is of it is kept in ${folder}`);
    return false;
  }
}

async function run(asked: AbortSignal): Promise<number> {
  const wanted = chosen(values.scenario);
  const ms = positive('minutes', values.minutes) * 60_000;
  const seed = values.seed === undefined ? randomInt(2 ** 31) : positive('seed', values.seed);
  const { rate, from } = values;
  const given = {
    ms,
    seed,
    ...(rate === undefined ? {} : { perSecond: positive('rate', rate) }),
    ...(from === undefined ? {} : { from }),
  };
  preferQuickStart(process.env, STATE);
  const results: [name: ScenarioName, held: boolean][] = [];
  for (const name of wanted) results.push([name, await play(name, given, asked)]);
  say(`\nseed ${String(seed)}: ${results.map(([name, held]) => `${name} ${held ? 'held' : 'BROKEN'}`).join(', ')}`);
  return results.every(([, held]) => held) ? 0 : 1;
}

if (values.help) say(usage);
else await runUntilAskedToStop(run);
