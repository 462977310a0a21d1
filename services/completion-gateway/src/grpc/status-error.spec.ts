import { FrontDoorError } from '../front-door/index.ts';
import { statusError } from './status-error.ts';

const detailsOf = (message: string): string | undefined =>
  statusError(new FrontDoorError('INVALID_ARGUMENT', message)).details;

test.each<[what: string, message: string, told: string]>([
  ['what is short', 'taskQueue is not set', 'taskQueue is not set'],
  ['what is as long as may be', 'x'.repeat(2000), 'x'.repeat(2000)],
  ['the beginning of what is longer', 'x'.repeat(100_000), `${'x'.repeat(2000)}...`],
  ['no half a letter', `x${'é'.repeat(5000)}`, `x${'é'.repeat(999)}...`],
])('an error tells %s', (_, message, told) => {
  expect(detailsOf(message)).toBe(told);
});

test('a detail is cut like a message: both travel in trailers', () => {
  const namespace = 'x'.repeat(100_000);
  const error = new FrontDoorError('NOT_FOUND', 'Namespace is not found.', {
    reason: 'not-found',
    detail: { type: 'namespace-not-found', namespace },
  });
  const [packed] = statusError(error).metadata?.get('grpc-status-details-bin') ?? [];
  expect(packed?.length).toBeLessThan(3000);
});
