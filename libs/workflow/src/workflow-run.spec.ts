import { WorkflowRun, type OpenRunOptions } from './index.ts';

const wrong = (value: unknown): never => value as never;
/** Nothing is sent, so none is needed. */
const client = wrong(undefined);

test.each<{ options: OpenRunOptions; field: string }>([
  { options: wrong(undefined), field: '' },
  { options: wrong({}), field: 'workflowId' },
  { options: { workflowId: 'order', runId: wrong(7) }, field: 'runId' },
  { options: { workflowId: 'order', requestId: wrong(null) }, field: 'requestId' },
  { options: { workflowId: 'order', retention: -1 }, field: 'retention' },
  { options: { workflowId: 'order', ...{ retentoin: '1h' } }, field: 'retentoin' },
])('a run is not opened with $options', async ({ options, field }) => {
  await expect(WorkflowRun.open(client, options)).rejects.toMatchObject({ name: 'InvalidActivityOptionsError', field });
});

test('a run is not attached to without a workflow id', async () => {
  await expect(WorkflowRun.attach(client, wrong({ runId: 'run-1' }))).rejects.toMatchObject({ field: 'workflowId' });
});
