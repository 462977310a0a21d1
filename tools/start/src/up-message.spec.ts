import { comingInAs, type RunningRatchet } from './start-ratchet.ts';
import { upMessage } from './up-message.ts';

const ratchet = {
  brokers: 'a:1,b:2',
  registryUrl: 'https://ada:hunter2@registry:8081/path',
  prefix: '',
  grpcAddress: '127.0.0.1:7233',
  httpUrl: 'http://127.0.0.1:7243',
  services: {},
} as unknown as RunningRatchet;
const security = { caFile: '/ca.pem', passwordFile: (user: string) => `/${user}.password` };

test('nobody reads a password off the screen', () => {
  for (const message of [upMessage(ratchet), upMessage({ ...ratchet, security })]) {
    expect(message).not.toContain('hunter2');
    expect(message).toContain('SCHEMA_REGISTRY_URL=https://***@registry:8081/path');
  }
  const open = { ...ratchet, registryUrl: 'http://registry:8081' };
  expect(upMessage(open)).toContain('SCHEMA_REGISTRY_URL=http://registry:8081\n');
});

test('a client comes in as a user where the broker asks, with the prefix of the services', () => {
  expect(comingInAs('ada', ratchet)).toEqual({ brokers: ['a:1', 'b:2'], registry: ratchet.registryUrl });
  expect(comingInAs('ada', { ...ratchet, prefix: 'team-a.', security })).toEqual({
    brokers: ['a:1', 'b:2'],
    registry: ratchet.registryUrl,
    prefix: 'team-a.',
    tls: { ca: { file: '/ca.pem' } },
    sasl: { mechanism: 'scram-sha-512', username: 'ada', password: { file: '/ada.password' } },
  });
});
