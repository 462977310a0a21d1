import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificates } from '@ratchet/testing/certificates';
import { checkSecurity, type KafkaSecurity } from './security.ts';

const { authority, client, server } = certificates;
const folder = mkdtempSync(join(tmpdir(), 'ratchet-security-'));
const file = (name: string, content: string): { readonly file: string } => {
  writeFileSync(join(folder, name), content);
  return { file: join(folder, name) };
};
const password = (of: string | { readonly file: string }): KafkaSecurity => ({
  sasl: { mechanism: 'scram-sha-512', username: 'ada', password: of },
});
const together = /^\[RKT1301\] Expected the authorities, the certificate and the key of TLS towards Kafka to be usable/;

test.each<[string, KafkaSecurity]>([
  ['nothing', {}],
  ['the authorities of Node', { tls: true }],
  ['an authority', { tls: { ca: authority.certificate } }],
  ['several authorities in one file', { tls: { ca: file('ca', authority.certificate + server.certificate) } }],
  ['a certificate with its key', { tls: { certificate: client.certificate, key: client.key } }],
  ['a password in a file', password(file('password', 'hunter2\n'))],
])('%s is of use', (_, security) => {
  expect(() => {
    checkSecurity(security);
  }).not.toThrow();
});

test.each<[string, KafkaSecurity, RegExp]>([
  ["another certificate's key", { tls: { certificate: client.certificate, key: server.key } }, together],
  ['a certificate that was cut off', { tls: { certificate: '-----BEGIN CERTIFICATE-----\nMII' } }, together],
  ['an authority that is a key', { tls: { ca: client.key } }, together],
  ['an authority that is nothing', { tls: { ca: 'hunter2' } }, together],
  ['a password without a file', password({ file: '/no/such' }), /read a secret from "\/no\/such", but ENOENT$/],
  ['an empty password', password(file('empty', '\n')), /but it is empty, has more/],
  ['a password that is a folder', password({ file: folder }), /or is no file$/],
  ['a password without an end', password({ file: '/dev/zero' }), /or is no file$/],
  [
    'a client secret without a file',
    {
      sasl: {
        mechanism: 'oauthbearer',
        tokenUrl: 'https://login/token',
        clientId: 'ada',
        clientSecret: { file: '/no/such' },
      },
    },
    /read a secret from "\/no\/such", but ENOENT$/,
  ],
])('%s is said before anyone is connected to, without its content', (_, security, message) => {
  const check = (): void => {
    checkSecurity(security);
  };
  expect(check).toThrow(message);
  expect(check).toThrow(/^\[RKT1301\]/);
  expect(check).toThrow(/^(?!.*hunter2)/);
});
