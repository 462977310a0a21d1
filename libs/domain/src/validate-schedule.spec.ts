import type { Schedule } from './command.ts';
import type { Payload } from './payload.ts';
import { payloadsOf, Stage, standalone } from './stage.fixture.ts';
import { utf8Length } from './utf8.ts';
import { checkRunIdFormat } from './validate.ts';
import { validateSchedule } from './validate-schedule.ts';

const stage = new Stage();
const limit = 2 * 1024 * 1024;
const id = 'i'.repeat(1000);
const withEntries = <T>(count: number, value: T): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [String(index), value]));
const longId = `${'i'.repeat(999)}é`;

test('the longest id is 1000 bytes', () => {
  expect([utf8Length(id), utf8Length(longId)]).toEqual([1000, 1001]);
});

test.each<{ field: string; with: Partial<Schedule>; message: string }>([
  { field: 'namespace', with: { target: { ...standalone, namespace: '' } }, message: 'Namespace is empty.' },
  { field: 'activityId', with: { target: { ...standalone, activityId: '' } }, message: 'activityId is not set' },
  {
    field: 'activityId',
    with: { target: { ...standalone, activityId: longId } },
    message: 'activityId exceeds length limit. Length=1001 Limit=1000',
  },
  {
    field: 'activityId',
    with: { target: { ...standalone, activityId: 'a\ud800' } },
    message: 'activityId must be well-formed Unicode',
  },
  ...['a/b c', '.', '-a', 'é'].map((namespace) => ({
    field: 'namespace',
    with: { target: { ...standalone, namespace } },
    message: 'namespace may have letters, digits, "_", "." and "-", and begins with a letter or digit',
  })),
  ...['.', '..'].map((activityId) => ({
    field: 'activityId',
    with: { target: { ...standalone, activityId } },
    message: `activityId must not be "${activityId}": no URL can name it`,
  })),
  { field: 'activityType', with: { activityType: '' }, message: 'activityType is not set' },
  {
    field: 'activityType',
    with: { activityType: longId },
    message: 'activityType exceeds length limit. Length=1001 Limit=1000',
  },
  {
    field: 'workflowId',
    with: { target: { ...standalone, workflowId: longId } },
    message: 'workflowId exceeds length limit. Length=1001 Limit=1000',
  },
  { field: 'runId', with: { target: { ...standalone, runId: '' } }, message: 'runId is not set' },
  { field: 'requestId', with: { requestId: '' }, message: 'request ID is not set' },
  {
    field: 'requestId',
    with: { requestId: longId },
    message: 'request ID exceeds length limit. Length=1001 Limit=1000',
  },
  { field: 'identity', with: { identity: longId }, message: 'identity exceeds length limit. Length=1001 Limit=1000' },
  { field: 'input', with: { input: payloadsOf(limit + 1) }, message: 'input exceeds length limit' },
  {
    field: 'header',
    with: { header: { trace: { metadata: {}, data: new Uint8Array(512 * 1024) } } },
    message: 'header exceeds length limit. Length=524293 Limit=524288',
  },
  {
    field: 'idReusePolicy',
    with: { idReusePolicy: 'never' as Schedule['idReusePolicy'] },
    message: 'unsupported ID reuse policy: never',
  },
  {
    field: 'idConflictPolicy',
    with: { idConflictPolicy: 'terminate-existing' as Schedule['idConflictPolicy'] },
    message: 'unsupported ID conflict policy: terminate-existing',
  },
  {
    field: 'retentionMs',
    with: { retentionMs: -1 as Schedule['retentionMs'] },
    message: 'retentionMs must be a whole number of milliseconds from 0 to 3153600000000, got -1',
  },
  {
    field: 'retentionMs',
    // Added to any instant it would be none.
    with: { retentionMs: (2 ** 53 - 1) as Schedule['retentionMs'] },
    message: 'retentionMs must be a whole number of milliseconds from 0 to 3153600000000, got 9007199254740991',
  },
  {
    field: 'input',
    with: { input: new Array<Payload>(10_001).fill({ metadata: {}, data: new Uint8Array(0) }) },
    message: 'input exceeds length limit',
  },
  {
    field: 'input',
    with: { input: [{ metadata: withEntries(10_000, new Uint8Array(0)), data: new Uint8Array(0) }] },
    message: 'input exceeds length limit',
  },
  {
    field: 'header',
    with: { header: withEntries(5_001, { metadata: {}, data: new Uint8Array(0) }) },
    message: 'header exceeds length limit. Parts=10002 Limit=10000',
  },
  { field: 'taskQueue', with: { options: { taskQueue: '' } }, message: 'taskQueue is not set' },
])('$field: $message', ({ with: extra, message }) => {
  const command = stage.schedule(extra);
  expect(validateSchedule(command)).toEqual({ reason: 'invalid-argument', message });
  expect(stage.refusal(command)).toBe(`invalid-argument: ${message}`);
});

test.each<{ given: string; with: Partial<Schedule> }>([
  {
    given: 'the longest ids',
    with: { target: { ...standalone, activityId: id, runId: id }, requestId: id, identity: id },
  },
  { given: 'an id of more dots', with: { target: { ...standalone, activityId: '...' } } },
  { given: 'the largest input', with: { input: payloadsOf(limit) } },
  { given: 'no identity', with: { identity: '' } },
])('accepted: $given', ({ with: extra }) => {
  expect(validateSchedule(stage.schedule(extra))).toBeUndefined();
});

test.each([
  { runId: '', ok: true },
  { runId: '01890a5d-ac96-774b-bcce-b302099a8057', ok: true },
  { runId: '01890A5D-AC96-774B-BCCE-B302099A8057', ok: true },
  { runId: 'run-1', ok: false },
  { runId: '01890a5d-ac96-774b-bcce-b302099a80577', ok: false },
])('a run id from outside is a UUID: "$runId" $ok', ({ runId, ok }) => {
  const refused = { reason: 'invalid-argument', message: 'invalid run id: must be a valid UUID' };
  expect(checkRunIdFormat(runId)).toEqual(ok ? undefined : refused);
});

test('what was accepted under older rules is decided so again', () => {
  const old = new Stage();
  old.rules = 2;
  expect(old.refusal(old.schedule({ target: { ...standalone, namespace: 'a/b c', activityId: '..' } }))).toBe(
    'accepted',
  );
});
