import { checkNewNamespace, type Namespace } from './namespace.ts';
import { millis } from './units.ts';

const right = { name: 'payments', description: '', retentionMs: millis(60_000), limits: { requestsPerSecondMax: 0 } };
type Wanted = Pick<Namespace, 'name' | 'description' | 'retentionMs' | 'limits'>;

test.each<{ what: string; change: Partial<Wanted>; message: RegExp | undefined }>([
  { what: 'as it should be', change: {}, message: undefined },
  { what: 'with dots, dashes and underscores', change: { name: 'a.b-c_D9' }, message: undefined },
  { what: 'limited', change: { limits: { requestsPerSecondMax: 100 } }, message: undefined },
  { what: 'without a name', change: { name: '' }, message: /^Namespace is empty\.$/ },
  { what: 'with a space in its name', change: { name: 'a b' }, message: /letters, digits/ },
  { what: 'that begins with a dot', change: { name: '.a' }, message: /letters, digits/ },
  { what: 'with a line break at its end', change: { name: 'a\n' }, message: /letters, digits/ },
  { what: 'with a name that is too long', change: { name: 'a'.repeat(1001) }, message: /namespace exceeds length/ },
  { what: 'described at length', change: { description: 'a'.repeat(1001) }, message: /description exceeds length/ },
  { what: 'that keeps too briefly', change: { retentionMs: millis(59_999) }, message: /A valid retention period/ },
  { what: 'limited to half a request', change: { limits: { requestsPerSecondMax: 0.5 } }, message: /whole number/ },
  { what: 'limited to less than none', change: { limits: { requestsPerSecondMax: -1 } }, message: /whole number/ },
])('a namespace $what: $message', ({ change, message }) => {
  const refusal = checkNewNamespace({ ...right, ...change });
  if (message === undefined) expect(refusal).toBeUndefined();
  else expect(refusal).toMatchObject({ reason: 'invalid-argument', message: expect.stringMatching(message) as string });
});
