import { limitsFor } from '../../limits/limits.fixture.ts';
import { Desk } from '../../front-door/desk.ts';
import { everyone, NamespaceCalls } from '../../front-door/index.ts';
import { NamespaceDirectory } from '../../front-door/namespace-directory.ts';
import { namespaceHandlers } from './namespace-handlers.ts';
import { operatorHandlers } from './operator-handlers.ts';

// Namespaces on the wire, over a directory without a topic.

const call = {
  principal: everyone,
  traced: { trace: undefined, traceBegunHere: true },
  client: () => undefined,
  timeoutMs: undefined,
  patience: () => new AbortController().signal,
};
/** Nothing of a namespace is asked of the log. */
const noLog = undefined as never;

async function open() {
  const directory = new NamespaceDirectory(() => Promise.resolve());
  await directory.ensureDefault();
  const handlers = namespaceHandlers(new NamespaceCalls(new Desk(noLog, directory, limitsFor().polls), directory));
  const update = (request: object) => handlers.updateNamespace({ namespace: 'default', ...request }, call);
  return { handlers, update };
}

test('a limit is given as data, and shown as such', async () => {
  const { handlers, update } = await open();
  const answered = await update({ updateInfo: { data: { requestsPerSecondMax: '50', team: 'payments' } } });
  expect(answered).toMatchObject({ namespaceInfo: { name: 'default', data: { requestsPerSecondMax: '50' } } });
  const described = await handlers.describeNamespace({ namespace: 'default' }, call);
  expect(described).toMatchObject({
    namespaceInfo: { data: { requestsPerSecondMax: '50' }, description: 'There from the start.' },
    config: { workflowExecutionRetentionTtl: { seconds: { low: 86_400 } } },
    replicationConfig: { activeClusterName: 'ratchet' },
  });
  await update({ updateInfo: { data: { requestsPerSecondMax: '0' } } });
  expect(await handlers.describeNamespace({ namespace: 'default' }, call)).toMatchObject({
    namespaceInfo: { data: {} },
  });
});

test('what is not given stays as it is', async () => {
  const { update } = await open();
  await update({ updateInfo: { description: 'of everyone', data: { requestsPerSecondMax: '5' } } });
  const config = { workflowExecutionRetentionTtl: { seconds: 3_600 } };
  expect(await update({ updateInfo: { description: '' }, config })).toMatchObject({
    namespaceInfo: { description: 'of everyone', data: { requestsPerSecondMax: '5' } },
    config: { workflowExecutionRetentionTtl: { seconds: { low: 3_600 } } },
  });
});

test.each<[string, object, RegExp]>([
  [
    'a limit of words',
    { updateInfo: { data: { requestsPerSecondMax: 'many' } } },
    /requestsPerSecondMax must be a whole/,
  ],
  ['an empty limit', { updateInfo: { data: { requestsPerSecondMax: '' } } }, /requestsPerSecondMax must be a whole/],
  [
    'a negative limit',
    { updateInfo: { data: { requestsPerSecondMax: '-1' } } },
    /requestsPerSecondMax must be a whole/,
  ],
  ['no retention', { config: { workflowExecutionRetentionTtl: { seconds: 0 } } }, /A valid retention period/],
  ['a negative retention', { config: { workflowExecutionRetentionTtl: { seconds: -1 } } }, /A valid retention period/],
  ['another state', { updateInfo: { state: 2 } }, /a namespace stays registered/],
  ['promotion', { promoteNamespace: true }, /there are no global namespaces/],
  ['another namespace', { namespace: 'nowhere' }, /Namespace nowhere is not found/],
])('%s is refused', async (_, request, message) => {
  const { update } = await open();
  await expect(Promise.resolve().then(() => update(request))).rejects.toThrow(message);
});

test('a namespace that is not named is told as the reference tells it', async () => {
  const { handlers } = await open();
  const described = Promise.resolve().then(() => handlers.describeNamespace({}, call));
  await expect(described).rejects.toThrow('Namespace not set on request.');
  const registered = Promise.resolve().then(() => handlers.registerNamespace({}, call));
  await expect(registered).rejects.toThrow('Namespace not set on request.');
});

test('each of those that are listed says where it is replicated', async () => {
  const { handlers } = await open();
  const { namespaces } = await handlers.listNamespaces({}, call);
  expect(namespaces?.map(({ replicationConfig }) => replicationConfig?.clusters)).toEqual([
    [{ clusterName: 'ratchet' }],
  ]);
});

describe('search attributes', () => {
  async function operator() {
    const directory = new NamespaceDirectory(() => Promise.resolve());
    await directory.ensureDefault();
    return operatorHandlers(new NamespaceCalls(new Desk(noLog, directory, limitsFor().polls), directory));
  }

  test("those of a namespace are the system's own", async () => {
    const { listSearchAttributes } = await operator();
    const { systemAttributes, customAttributes } = await listSearchAttributes({ namespace: 'default' }, call);
    expect(systemAttributes).toMatchObject({ ActivityId: 2, ExecutionStatus: 2, StartTime: 6, ExecutionDuration: 3 });
    expect(customAttributes).toEqual({});
  });

  test.each<[string, Readonly<Record<string, number>>, string]>([
    ['a keyword', { City: 2 }, 'cannot have more than 0 search attribute of type Keyword. Ratchet keeps no'],
    ['a list of keywords', { Cities: 7 }, 'cannot have more than 0 search attribute of type KeywordList.'],
    ["the system's own", { TaskQueue: 2 }, 'Search attribute TaskQueue is reserved by system.'],
    ["one of the system's names", { TemporalCity: 2 }, 'Search attribute TemporalCity is reserved by system.'],
    ['an unknown type', { City: 9 }, 'Unknown search attribute type: 9.'],
    ['none', {}, 'SearchAttributes are not set on request.'],
  ])('%s cannot be added', async (_, searchAttributes, message) => {
    const { addSearchAttributes } = await operator();
    const added = Promise.resolve().then(() => addSearchAttributes({ namespace: 'default', searchAttributes }, call));
    await expect(added).rejects.toThrow(message);
    await expect(added).rejects.toHaveProperty('status', 'INVALID_ARGUMENT');
  });

  test('one that is removed is not there, unless it is of the system', async () => {
    const { removeSearchAttributes } = await operator();
    const remove = (searchAttributes: string[]) =>
      Promise.resolve().then(() => removeSearchAttributes({ namespace: 'default', searchAttributes }, call));
    await expect(remove(['City'])).resolves.toEqual({});
    await expect(remove(['City', 'TaskQueue'])).rejects.toThrow('Unable to remove non-custom search attributes: TaskQ');
    await expect(remove([])).rejects.toThrow('SearchAttributes are not set on request.');
  });

  test.each(['listSearchAttributes', 'addSearchAttributes', 'removeSearchAttributes'] as const)(
    '%s of a namespace that is not there is refused',
    async (method) => {
      const handlers = await operator();
      const elsewhere = Promise.resolve().then(() => handlers[method]({ namespace: 'nowhere' }, call));
      await expect(elsewhere).rejects.toThrow('Namespace nowhere is not found.');
    },
  );
});
