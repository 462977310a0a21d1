import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { principals, rightsOf, type KafkaPrincipal, type Right, type RightsOptions } from './rights.ts';

const all = (change: Partial<RightsOptions> = {}): readonly Right[] =>
  principals.flatMap((principal) => rightsOf(principal, { prefix: '', ...change }));

const named = (principal: KafkaPrincipal, options: Partial<RightsOptions>): readonly string[] =>
  rightsOf(principal, { prefix: '', ...options }).map(
    ({ resource, name, pattern }) => `${resource} ${name}${pattern === 'prefix' ? '*' : ''}`,
  );

test.each(principals)(
  'each resource stands once among the rights of %s, with some operations, each once',
  (principal) => {
    const rights = rightsOf(principal, { prefix: '' });
    const resources = named(principal, {});
    expect(new Set(resources).size).toBe(resources.length);
    for (const { operations } of rights) {
      expect(operations.length).toBeGreaterThan(0);
      expect(new Set(operations).size).toBe(operations.length);
    }
  },
);

test('every name begins with the prefix of the installation, and is otherwise what it is without', () => {
  const unprefixed = all();
  expect(all({ prefix: 'stage.' })).toEqual(unprefixed.map((right) => ({ ...right, name: `stage.${right.name}` })));
});

test('nobody may do anything to the cluster, or with what is not of this installation', () => {
  for (const { resource, name } of all({ prefix: 'stage.' })) {
    expect(resource).not.toBe('cluster');
    expect(name).toMatch(/^stage\.ratchet[.-]/);
  }
});

test('who makes no topics, or does not even look at them, has no rights to', () => {
  const operations = (topics: RightsOptions['topics']) =>
    rightsOf('cancellation', { prefix: '', topics }).find(({ pattern }) => pattern === 'prefix')?.operations;
  expect(operations(undefined)).toEqual(['Create', 'Describe', 'DescribeConfigs']);
  expect(operations('verify')).toEqual(['Describe', 'DescribeConfigs']);
  expect(named('cancellation', { topics: 'trust' })).not.toContain('topic ratchet.*');
  const ofQueues = (topics: RightsOptions['topics']) =>
    rightsOf('scheduler', { prefix: '', topics }).find(({ name }) => name === 'ratchet.activity.tasks.')?.operations;
  expect(ofQueues('create')).toEqual(['Write', 'Delete']);
  expect(ofQueues('trust')).toEqual(['Write', 'Delete', 'Create']);
});

test.each<[who: string, options: Partial<RightsOptions>, topics: readonly string[], groups: readonly string[]]>([
  ['any queue', {}, ['ratchet.activity.tasks.*'], ['ratchet.workers.ratchet.activity.tasks.*']],
  [
    'any queue of a namespace',
    { namespace: 'a.b' },
    ['ratchet.activity.tasks.a-2eb.*'],
    ['ratchet.workers.ratchet.activity.tasks.a-2eb.*'],
  ],
  [
    'one queue',
    { taskQueue: 'mail' },
    ['ratchet.activity.tasks.default.mail', 'ratchet.activity.tasks.default.mail.*'],
    ['ratchet.workers.ratchet.activity.tasks.default.mail', 'ratchet.workers.ratchet.activity.tasks.default.mail.*'],
  ],
])('a worker of %s reads that, and no other', (_, options, topics, groups) => {
  const rights = named('worker', options);
  const of = (start: string): readonly string[] =>
    rights.filter((each) => each.startsWith(start)).map((each) => each.slice(each.indexOf(' ') + 1));
  expect(of('topic ratchet.activity.tasks.')).toEqual(topics);
  expect(of('group ratchet.workers.')).toEqual(groups);
});

test('who is in the default namespace alone need not look it up', () => {
  expect(named('client', {})).toContain('topic ratchet.namespaces');
  expect(named('client', { namespace: 'default' })).not.toContain('topic ratchet.namespaces');
  expect(named('worker', { taskQueue: 'mail' })).not.toContain('topic ratchet.namespaces');
  expect(named('worker', { taskQueue: 'mail', namespace: 'shop' })).toContain('topic ratchet.namespaces');
});

test('docs/security.md shows what the table says', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'security.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('What each needs')) ?? '';
  const shown = section.split('\n').filter((line) => line.startsWith('|'));
  // Prettier pads the cells.
  const bare = (line: string): string => line.replace(/ *\| */g, '|').replace(/-{3,}/g, '---');
  expect(shown.map(bare)).toEqual(shownTable().map(bare));
});

/** A row for each resource, a column for each who comes; the worker's is that of one queue. */
function shownTable(): readonly string[] {
  const placeholders = { namespace: 'NAMESPACE', taskQueue: 'QUEUE' };
  const rows = new Map<string, Map<KafkaPrincipal, string>>();
  for (const principal of principals) {
    for (const right of rightsOf(principal, { prefix: '', ...(principal === 'worker' ? placeholders : {}) })) {
      const { resource, name, pattern, operations } = right;
      const shownName = name.replace('NAMESPACE', '<namespace>').replace('QUEUE', '<taskQueue>');
      const row = `${kinds[resource]} \`${shownName}${pattern === 'prefix' ? '*' : ''}\``;
      if (!rows.has(row)) rows.set(row, new Map());
      rows.get(row)?.set(principal, operations.join(' '));
    }
  }
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const inOrder = [...rows].toSorted(([one], [other]) => rank(one) - rank(other));
  return [
    line(['right on', ...principals]),
    line(['---', ...principals.map(() => '---')]),
    ...inOrder.map(([row, cells]) => line([row, ...principals.map((principal) => cells.get(principal) ?? '')])),
  ];
}

const kinds = { topic: 'topic', group: 'group', transactionalId: 'transactional id', cluster: 'cluster' } as const;

/** Topics, dead letters, groups, transactional ids. */
const rank = (row: string): number =>
  row.startsWith('topic') ? (row.includes('.dlq') ? 1 : 0) : row.startsWith('group') ? 2 : 3;
