import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const BETWEEN_ROOMS = '@nx/enforce-module-boundaries';
const OF_PACKAGES = '@typescript-eslint/no-restricted-imports';
const LEGS = ['domain', 'schemas', 'kafka', 'protocol'];
const USERS = [...LEGS, 'client', 'worker', 'testing', 'tools-kafka', 'tools-start'];

/** The handbook's table, in its own words: room, folder, the rooms that it may import. */
const MAY: readonly (readonly [room: string, folder: string, rooms: readonly string[]])[] = [
  ['domain', 'libs/domain', []],
  ['schemas', 'libs/schemas', ['domain']],
  ['kafka', 'libs/kafka', []],
  ['protocol', 'libs/protocol', ['domain', 'schemas', 'kafka']],
  ['client', 'libs/client', LEGS],
  ['worker', 'libs/worker', LEGS],
  ['workflow', 'libs/workflow', [...LEGS, 'client']],
  ['store', 'libs/store', ['domain', 'kafka']],
  ['service-kit', 'libs/service-kit', ['kafka']],
  ['testing', 'libs/testing', [...LEGS, 'tools-kafka', 'tools-start']],
  ['scheduler', 'services/scheduler', [...LEGS, 'service-kit', 'store']],
  ['timeout-tracker', 'services/timeout-tracker', [...LEGS, 'service-kit']],
  ['cancellation', 'services/cancellation', [...LEGS, 'service-kit']],
  ['completion-gateway', 'services/completion-gateway', [...LEGS, 'service-kit']],
  ['tools-kafka', 'tools/kafka', []],
  ['tools-start', 'tools/start', ['tools-kafka', 'schemas', 'kafka']],
  ['tools-ratchet', 'tools/ratchet', ['schemas', 'kafka', 'service-kit']],
  ['tools-mutants', 'tools/mutants', ['domain']],
  [
    'conformance',
    'conformance',
    [...USERS, 'workflow', 'scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway', 'store'],
  ],
  ['bench', 'bench', [...USERS, 'workflow', 'store']],
  ['example-documents', 'examples/documents', [...USERS, 'workflow']],
  ['example-quickstart', 'examples/quickstart', [...USERS, 'workflow']],
  ['example-human-review', 'examples/human-review', [...USERS, 'workflow']],
];

interface Row {
  readonly where: string;
  readonly text: string;
  /** The rule that must break; undefined when the import is allowed. */
  readonly breaks: string | undefined;
}

const importOf = (from: string): string => `import { thing } from '${from}';\nexport const copy = thing;\n`;
const typeImportOf = (from: string): string =>
  `import type { Thing } from '${from}';\nexport interface Holder { readonly thing: Thing }\n`;

const betweenRooms: Row[] = MAY.flatMap(([room, folder, rooms]) =>
  MAY.filter(([other]) => other !== room).map(([other]) => ({
    where: `${folder}/src/fixture.ts`,
    text: typeImportOf(`@ratchet/${other}`),
    breaks: rooms.includes(other) ? undefined : BETWEEN_ROOMS,
  })),
);

const folders = MAY.map(([, folder]) => folder);
const kafkajsOnlyInLegs: Row[] = folders.map((folder) => ({
  where: `${folder}/src/fixture.ts`,
  text: importOf('kafkajs'),
  breaks: folder === 'libs/kafka' ? undefined : OF_PACKAGES,
}));

const DECIDERS = ['libs/domain', 'services/scheduler', 'conformance', 'tools/mutants', 'bench'];
const decideOnlyInScheduler: Row[] = ['import { decide }', 'import { decide as judge }', 'import * as mind'].flatMap(
  (clause) =>
    folders
      .filter((folder) => folder !== 'libs/domain')
      .map((folder) => ({
        where: `${folder}/src/fixture.ts`,
        text: `${clause} from '@ratchet/domain';\nexport const copy = ${clause.split(/[ }]+/).findLast((word) => word !== '') ?? ''};\n`,
        breaks: DECIDERS.includes(folder) ? undefined : OF_PACKAGES,
      })),
);

const NEST_ROOMS = ['libs/service-kit', ...folders.filter((folder) => folder.startsWith('services/'))];
const nestOnlyInServices: Row[] = folders.map((folder) => ({
  where: `${folder}/src/fixture.ts`,
  text: importOf('@nestjs/common'),
  breaks: NEST_ROOMS.includes(folder) ? undefined : OF_PACKAGES,
}));

const row = (where: string, text: string, breaks: string | undefined): Row => ({ where, text, breaks });
const single: Row[] = [
  ...['node:fs', 'node:crypto', 'fs', 'ms', 'zod', 'rxjs'].map((from) =>
    row('libs/domain/src/fixture.ts', importOf(from), OF_PACKAGES),
  ),
  row('libs/domain/src/fixture.ts', importOf('./activity.ts'), undefined),
  row('libs/domain/src/fixture.ts', importOf('../../kafka/src/index.ts'), BETWEEN_ROOMS),
  row('services/scheduler/src/fixture.ts', importOf('../../cancellation/src/index.ts'), BETWEEN_ROOMS),
  ...['avsc', '@kafkajs/confluent-schema-registry'].map((from) =>
    row('libs/schemas/src/fixture.ts', importOf(from), undefined),
  ),
  ...['zod', 'ms'].map((from) => row('libs/schemas/src/fixture.ts', importOf(from), OF_PACKAGES)),
  row('libs/kafka/src/fixture.ts', importOf('avsc'), OF_PACKAGES),
  row('libs/service-kit/src/fixture.ts', importOf('@ratchet/kafka'), OF_PACKAGES),
  row(
    'libs/service-kit/src/fixture.ts',
    "import { OperationalError } from '@ratchet/kafka';\nexport const copy = OperationalError;\n",
    undefined,
  ),
  row(
    'libs/schemas/src/fixture.ts',
    "import type * as mind from '@ratchet/domain';\nexport type Copy = typeof mind;\n",
    undefined,
  ),
  row('tools/kafka/src/fixture.ts', importOf('zod'), OF_PACKAGES),
  row('libs/kafka/src/fixture.spec.ts', importOf('@ratchet/testing'), undefined),
  row('libs/client/src/fixture.spec.ts', importOf('kafkajs'), OF_PACKAGES),
  row('libs/domain/src/fixture.spec.ts', importOf('fast-check'), undefined),
  row('libs/domain/src/fixture.spec.ts', importOf('@ratchet/kafka'), BETWEEN_ROOMS),
];

const impure: Row[] = [
  row('libs/domain/src/fixture.ts', 'export const now = (): number => Date.now();\n', 'no-restricted-globals'),
  row('libs/domain/src/fixture.ts', 'export const now = (): number => performance.now();\n', 'no-restricted-globals'),
  row('libs/domain/src/fixture.ts', 'export const id = (): string => crypto.randomUUID();\n', 'no-restricted-globals'),
  row('libs/domain/src/fixture.ts', 'export const dice = (): number => Math.random();\n', 'no-restricted-properties'),
  row('libs/domain/src/fixture.ts', 'export async function later() { return 1; }\n', 'no-restricted-syntax'),
  row('libs/domain/src/fixture.ts', "export function fail() { throw new Error('no'); }\n", 'no-restricted-syntax'),
  row(
    'libs/domain/src/fixture.ts',
    "import { InvariantError } from './invariant-error.ts';\nexport function fail() { throw new InvariantError('no'); }\n",
    undefined,
  ),
  row('libs/kafka/src/fixture.ts', 'export const now = (): number => Date.now();\n', 'no-restricted-properties'),
  row('libs/kafka/src/fixture.ts', 'export const now = (): number => performance.now();\n', undefined),
];

const rows = [
  ...betweenRooms,
  ...kafkajsOnlyInLegs,
  ...decideOnlyInScheduler,
  ...nestOnlyInServices,
  ...single,
  ...impure,
];

/** The rule between rooms judges nothing, without a word, when nx has no graph of the projects cached: so have it made. */
function linted(): string[][] {
  const environment = { ...process.env, NX_DAEMON: 'false' };
  const node = (args: string[], input?: string): string =>
    execFileSync(process.execPath, args, { cwd: ROOT, input, encoding: 'utf8', env: environment, maxBuffer: 1 << 26 });
  node([join(ROOT, 'node_modules/nx/dist/bin/nx.js'), 'show', 'projects']);
  const fixtures = rows.map(({ where, text }) => ({ path: join(ROOT, where), text }));
  return JSON.parse(node([join(import.meta.dirname, 'lint-texts.ts')], JSON.stringify(fixtures))) as string[][];
}

const broken = linted();
const outcome = (at: number): string[] =>
  [...new Set(broken[at])].filter((rule) => rule !== '@typescript-eslint/consistent-type-imports');

describe('module boundaries', () => {
  it.each(rows.map((each, at) => [each.where, each.text.split('\n').slice(0, -1).join(' '), each.breaks, at] as const))(
    '%s with "%s" breaks %s',
    (_where, _text, breaks, at) => {
      if (breaks === undefined) expect(outcome(at)).toEqual([]);
      else expect(outcome(at)).toContain(breaks);
    },
  );
});
