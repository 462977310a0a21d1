import type { ServiceLog } from '@ratchet/service-kit';
import { createServiceMetrics } from '@ratchet/service-kit';
import type { Principal } from '../front-door/caller.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { ProblemError } from '../http/problem.ts';
import { CallAudit, type RefusedCall } from './call-audit.ts';

let said: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[];
let metrics: ReturnType<typeof createServiceMetrics>;
let audit: CallAudit;
beforeEach(() => {
  said = [];
  metrics = createServiceMetrics('completion-gateway');
  const warn = (fields: Readonly<Record<string, unknown>>, message: string) => void said.push({ fields, message });
  audit = new CallAudit({ warn } as unknown as ServiceLog, metrics);
});
afterEach(() => {
  audit.flush();
});

const billing: Principal = { name: 'billing', provedBy: 'api-key', may: () => false };
const unknown = new FrontDoorError('UNAUTHENTICATED', 'Request unauthorized: the API key is unknown.');
const forbidden = new FrontDoorError('PERMISSION_DENIED', 'not permitted in namespace orders');
const refuse = (more: Partial<RefusedCall> = {}): void => {
  audit.refused({ door: 'grpc', what: 'Start', namespace: 'orders', from: '10.0.0.1', error: unknown, ...more });
};
const counted = async (door: string, status: string): Promise<number> => {
  const { values } = (await metrics.registry.getSingleMetric('ratchet_calls_refused_total')?.get()) ?? { values: [] };
  return values.find(({ labels }) => labels['door'] === door && labels['status'] === status)?.value ?? 0;
};

test('says who asked for what from where, and why not', async () => {
  refuse({ principal: billing, error: forbidden });
  expect(said).toEqual([
    {
      fields: {
        audit: 'refused',
        door: 'grpc',
        status: 'PERMISSION_DENIED',
        who: 'api-key:billing',
        what: 'Start',
        namespace: 'orders',
        from: '10.0.0.1',
      },
      message: 'a call was refused: not permitted in namespace orders',
    },
  ]);
  expect(await counted('grpc', 'PERMISSION_DENIED')).toBe(1);
});

test('says to the operator what the caller is not told', () => {
  const cause = new Error('there is no webhook payments');
  refuse({ error: new ProblemError(401, 'The webhook is unknown here, is not signed, ...', {}, { cause }) });
  expect(said[0]?.message).toMatch('unknown here, is not signed, ... (there is no webhook payments)');
});

test('says once what is refused in the same way, and then how often', async () => {
  for (let index = 0; index < 1_000; index++) refuse();
  refuse({ from: '10.0.0.2' });
  expect(said).toHaveLength(2);
  audit.flush();
  expect(said[2]).toMatchObject({ fields: { from: '10.0.0.1', more: 999 }, message: /again/ });
  expect(said).toHaveLength(3);
  refuse();
  expect(said).toHaveLength(4);
  expect(await counted('grpc', 'UNAUTHENTICATED')).toBe(1_002);
});

test('says no more than a hundred lines of strangers who come from everywhere', async () => {
  for (let index = 0; index < 1_000; index++) refuse({ from: `2001:db8::${index.toString(16)}` });
  expect(said).toHaveLength(100);
  audit.flush();
  expect(said.slice(100)).toEqual([{ fields: { audit: 'refused', more: 900 }, message: expect.any(String) as string }]);
  expect(await counted('grpc', 'UNAUTHENTICATED')).toBe(1_000);
});

test('says after a while how often it was', async () => {
  audit = new CallAudit(
    { warn: (_: unknown, message: string) => void said.push({ fields: {}, message }) } as unknown as ServiceLog,
    { counter: () => ({ inc: () => undefined }) as never },
    10,
  );
  refuse();
  refuse();
  for (const endsAt = performance.now() + 5_000; said.length < 2 && performance.now() < endsAt;) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(said[1]?.message).toMatch('again');
});

test.each([
  ['too much at once', new FrontDoorError('RESOURCE_EXHAUSTED', 'r'), 'RESOURCE_EXHAUSTED', 0],
  ['a webhook that is not signed', new ProblemError(401, 'u'), 'UNAUTHENTICATED', 1],
])('counts %s', async (_, error, status, lines) => {
  refuse({ door: 'http', error });
  expect([await counted('http', status), said.length]).toEqual([1, lines]);
});

test.each([new FrontDoorError('NOT_FOUND', 'n'), new ProblemError(404, 'n'), new Error('of ours')])(
  'passes over what is no refusal at the door: %s',
  async (error) => {
    refuse({ error });
    expect([await counted('grpc', 'NOT_FOUND'), said]).toEqual([0, []]);
  },
);
