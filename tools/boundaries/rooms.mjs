// THE TABLE OF ROOMS: what each may import (handbook: "A room imports only what its line allows"). eslint.config.mjs makes two rules of
// it: @nx/enforce-module-boundaries between the rooms, and no-restricted-imports for packages, `node:*` and single names.

const ALL_NEST = ['@nestjs/*', 'nestjs-pino', 'reflect-metadata', 'rxjs'];
const LEGS = ['domain', 'schemas', 'kafka', 'protocol'];

/**
 * rooms: other rooms, by scope. packages: undefined when any may be imported but `not` ones. node: whether `node:*` may.
 * testsOnly: rooms that only its tests may import. typesOf: rooms of which only types may, and the values listed. decide: whether `decide` of the domain may.
 */
export const rooms = [
  { scope: 'domain', folder: 'libs/domain', rooms: [], packages: [], node: false, decide: true },
  {
    scope: 'schemas',
    folder: 'libs/schemas',
    rooms: ['domain'],
    packages: ['avsc', '@kafkajs/confluent-schema-registry'],
  },
  {
    scope: 'kafka',
    folder: 'libs/kafka',
    rooms: [],
    packages: ['kafkajs', '@node-rs/crc32', 'aws-msk-iam-sasl-signer-js'],
  },
  { scope: 'store', folder: 'libs/store', rooms: ['domain', 'kafka'], packages: [] },
  { scope: 'protocol', folder: 'libs/protocol', rooms: ['domain', 'schemas', 'kafka'], not: ALL_NEST },
  { scope: 'client', folder: 'libs/client', rooms: LEGS, not: ALL_NEST },
  { scope: 'worker', folder: 'libs/worker', rooms: LEGS, not: ALL_NEST },
  { scope: 'workflow', folder: 'libs/workflow', rooms: [...LEGS, 'client'], testsOnly: ['worker'], not: ALL_NEST },
  {
    scope: 'service-kit',
    folder: 'libs/service-kit',
    rooms: ['kafka'],
    typesOf: {
      kafka: [
        'areExtensions',
        'checkSecurity',
        'checkTls',
        'extensionsExpected',
        'isPrefix',
        'LastingFaults',
        'OperationalError',
        'prefixExpected',
        'withoutCredentials',
      ],
    },
  },
  { scope: 'testing', folder: 'libs/testing', rooms: [...LEGS, 'tools-kafka', 'start'], not: ALL_NEST },
  ...['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'].map((scope) => ({
    scope,
    folder: `services/${scope}`,
    rooms: [...LEGS, 'service-kit', ...(scope === 'scheduler' ? ['store'] : [])],
    decide: scope === 'scheduler',
  })),
  { scope: 'tools-kafka', folder: 'tools/kafka', rooms: [], packages: [] },
  { scope: 'start', folder: 'tools/start', rooms: ['tools-kafka', 'schemas', 'kafka'], not: ALL_NEST },
  {
    scope: 'ratchet',
    folder: 'tools/ratchet',
    rooms: ['schemas', 'kafka', 'service-kit'],
    testsOnly: ['domain', 'protocol', 'client', 'worker', 'testing', 'tools-kafka', 'start'],
    not: ALL_NEST,
  },
  { scope: 'generate', folder: 'tools/generate', rooms: [], not: ALL_NEST },
  { scope: 'mutants', folder: 'tools/mutants', rooms: ['domain'], not: ALL_NEST, decide: true },
  {
    scope: 'deploy',
    folder: 'tools/deploy',
    rooms: ['domain', 'schemas', 'tools-kafka', 'start'],
    testsOnly: ['client', 'worker', 'testing'],
    not: ALL_NEST,
  },
  { scope: 'packages', folder: 'tools/packages', rooms: ['start'], not: ALL_NEST },
  { scope: 'boundaries', folder: 'tools/boundaries', rooms: [] },
  {
    scope: 'conformance',
    folder: 'conformance',
    // The simulation runs the thinking of all services in one process, and judges it as the drill does.
    rooms: [
      ...LEGS,
      ...['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway', 'store', 'drill'],
      ...['client', 'worker', 'workflow', 'testing', 'tools-kafka', 'start'],
    ],
    not: ALL_NEST,
    decide: true,
  },
  {
    scope: 'drill',
    folder: 'tools/drill',
    rooms: [...LEGS, 'client', 'worker', 'workflow', 'testing', 'tools-kafka', 'start', 'deploy'],
    not: ALL_NEST,
  },
  ...[
    ['bench', 'bench'],
    ['attack', 'tools/attack'],
    ['documents', 'examples/documents'],
    ['example-quickstart', 'examples/quickstart'],
    ['example-temporal-sdk', 'examples/temporal-sdk'],
    ['example-human-review', 'examples/human-review'],
  ].map(([scope, folder]) => ({
    scope,
    folder,
    rooms: [
      ...LEGS,
      ...(scope === 'bench' ? ['store'] : []),
      'client',
      'worker',
      'workflow',
      'testing',
      'tools-kafka',
      'start',
    ],
    not: ALL_NEST,
    decide: scope === 'bench',
  })),
];

/** What a spec may import beside what its room may. */
const SPEC_PACKAGES = ['@jest/globals', 'fast-check', '@nestjs/testing'];

/** The rule between rooms. `extraScopes`: what files of this kind (specs) may import beside. */
export function depConstraints(extraScopes) {
  return rooms.map((room) => ({
    sourceTag: `scope:${room.scope}`,
    onlyDependOnLibsWithTags: [
      `scope:${room.scope}`,
      ...[...room.rooms, ...(extraScopes.length > 0 ? (room.testsOnly ?? []) : [])].map((scope) => `scope:${scope}`),
      ...extraScopes,
    ],
  }));
}

/** The rule of packages, `node:*` and single names in a room; `spec`: in its tests. */
export function boundariesOf(room, spec) {
  return {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          ...allowedPackages(room, spec),
          ...bannedPackages(room, spec),
          ...roomsOfTypesOnly(room, spec),
          ...nodeModules(room, spec),
        ],
        paths: room.decide
          ? []
          : [
              {
                name: '@ratchet/domain',
                importNames: ['decide'],
                allowTypeImports: true,
                message: 'Only the scheduler decides.',
              },
            ],
      },
    ],
  };
}

/** A room with a list of packages may import no others. */
function allowedPackages(room, spec) {
  if (room.packages === undefined) return [];
  const allowed = [...room.packages, ...(spec ? SPEC_PACKAGES : [])].map((name) => `${escaped(name)}(?:/|$)`);
  const regex = `^(?!\\.|node:|@ratchet/${allowed.map((name) => `|${name}`).join('')})`;
  return [{ regex, message: `${room.folder} may import no packages but: ${room.packages.join(', ') || 'none'}.` }];
}

function bannedPackages(room, spec) {
  const banned = [...(room.not ?? []), ...(room.scope === 'kafka' ? [] : ['kafkajs'])];
  // a test may boot a module of Nest, and none may go past our legs to kafkajs
  const kept = spec ? banned.filter((name) => name === 'kafkajs') : banned;
  if (kept.length === 0) return [];
  const names = kept.map((name) => escaped(name).replace('\\*', '[^/]+'));
  const message = `${room.folder} may not import ${kept.join(', ')}; only libs/kafka imports kafkajs.`;
  return [{ regex: `^(?:${names.join('|')})(?:/|$)`, message }];
}

function roomsOfTypesOnly(room, spec) {
  if (spec) return [];
  return Object.entries(room.typesOf ?? {}).map(([scope, values]) => ({
    regex: `^@ratchet/${scope}$`,
    allowImportNames: values,
    allowTypeImports: true,
    message: `${room.folder} may import only types of ${scope}, and ${values.join(', ')}.`,
  }));
}

function nodeModules(room, spec) {
  if (room.node !== false || spec) return [];
  return [
    {
      regex: '^node:|^(?:fs|path|crypto|os|util|events|timers|process|buffer)(?:/|$)',
      message: `${room.folder} may not import node:*.`,
    },
  ];
}

function escaped(name) {
  return name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
