import { request } from 'node:https';
import { connect } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import type { ServiceLog } from '@ratchet/service-kit';
import { FrontDoorError, recorded, type Caller, type FrontDoor } from '../front-door/index.ts';
import { startGrpcServer } from '../grpc/index.ts';
import { WireClient } from '../grpc/wire-client.fixture.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { openHttpDoor } from '../http/http-door.ts';
import type { TlsConfig } from './auth.settings.ts';
import { createAuthenticator } from './authenticator.ts';
import { certificates } from '@ratchet/testing/certificates';

const { authority, server, client, stranger } = certificates;
const tls: TlsConfig = server;
const mutual: TlsConfig = { ...server, clientCa: authority.certificate };
const authenticator = createAuthenticator({ apiKeys: [] });
const seen: string[] = [];
const see = ({ principal }: Caller): never => {
  seen.push(recorded(principal));
  throw new FrontDoorError('NOT_FOUND', 'there is nothing here');
};
const frontDoor = { activities: { describe: see }, namespaces: { describe: see } } as unknown as FrontDoor;
const audit = { refused: () => undefined };
const log = { warn: () => undefined } as unknown as ServiceLog;

interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const limits = limitsFor();
const where = { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts: [] };
const settings = { ...where, environment: 'development' } as const;

function statusAt(
  url: string,
  own?: Certificate,
  ca = authority.certificate,
  path = '/openapi.json',
): Promise<number | string> {
  return new Promise((resolve) => {
    const keys = own === undefined ? {} : { cert: own.certificate, key: own.key };
    const asked = request(`${url}${path}`, { ca, ...keys, agent: false }, (response) => {
      response.resume();
      expect(response.headers['strict-transport-security']).toBe('max-age=31536000');
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', (error) => {
      resolve(error.message);
    });
    asked.end();
  });
}

/** The status that HTTP answers, or why the connection failed. */
async function httpStatus(config: TlsConfig, own?: Certificate, ca = authority.certificate): Promise<number | string> {
  const door = await openHttpDoor({ settings, frontDoor, authenticator, limits, audit, tls: config, log });
  try {
    expect(door.url).toMatch(/^https:/);
    return await statusAt(door.url, own, ca);
  } finally {
    await door.close();
  }
}

/** What gRPC answers to a call, or why the connection failed. */
async function grpcAnswer(config: TlsConfig, own?: Certificate): Promise<string> {
  const onError = () => undefined;
  const grpc = await startGrpcServer({
    frontDoor,
    authenticator,
    limits,
    audit,
    host: '127.0.0.1',
    port: 0,
    tls: config,
    onError,
  });
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const channel = credentials.createSsl(bytes(authority.certificate), bytes(own?.key), bytes(own?.certificate));
  const wire = new WireClient(grpc.address, channel);
  try {
    const { serverVersion } = await wire.call('getSystemInfo', {}, { timeoutMs: 5_000 });
    return serverVersion === '' ? 'nothing' : 'answered';
  } catch (error) {
    return String(error);
  } finally {
    wire.close();
    await grpc.stop();
  }
}

describe('TLS', () => {
  test('is spoken by both doors', async () => {
    expect(await httpStatus(tls)).toBe(200);
    expect(await grpcAnswer(tls)).toBe('answered');
  });

  test('is believed only with the right authority', async () => {
    expect(await httpStatus(tls, undefined, stranger.certificate)).toMatch(/certificate/);
  });
});

/** Whose certificate a new connection to this address is shown. */
const shownBy = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const ALPNProtocols = ['h2', 'http/1.1'];
    const ca = authority.certificate;
    const socket = connect({ host: hostname, port: Number(port), servername: 'localhost', ca, ALPNProtocols });
    socket.once('error', reject).once('secureConnect', () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
  });

test('a renewed certificate is shown to new connections, by both doors, and the old ones stay', async () => {
  const onError = () => undefined;
  const grpc = await startGrpcServer({
    frontDoor,
    authenticator,
    limits,
    audit,
    host: '127.0.0.1',
    port: 0,
    tls,
    onError,
  });
  const http = await openHttpDoor({ settings, frontDoor, authenticator, limits, audit, tls, log });
  const wire = new WireClient(grpc.address, credentials.createSsl(Buffer.from(authority.certificate)));
  try {
    await wire.call('getSystemInfo', {}, { timeoutMs: 5_000 });
    expect(await Promise.all([`https://${grpc.address}`, http.url].map(shownBy))).toEqual(['localhost', 'localhost']);
    grpc.useTls(client);
    http.useTls(client);
    expect(await Promise.all([`https://${grpc.address}`, http.url].map(shownBy))).toEqual(['a client', 'a client']);
    await wire.call('getSystemInfo', {}, { timeoutMs: 5_000 });
  } finally {
    wire.close();
    await Promise.all([grpc.stop(), http.close()]);
  }
});

test('who may have signed a client certificate can be changed, too', async () => {
  const another = { ...mutual, clientCa: stranger.certificate };
  const http = await openHttpDoor({ settings, frontDoor, authenticator, limits, audit, tls: another, log });
  try {
    expect(await statusAt(http.url, client)).toEqual(expect.any(String));
    http.useTls(mutual);
    expect(await statusAt(http.url, client)).toBe(200);
    http.useTls(another);
    expect(await statusAt(http.url, client)).toEqual(expect.any(String));
  } finally {
    await http.close();
  }
});

describe('mTLS', () => {
  test('lets in who has a certificate of the authority', async () => {
    expect(await httpStatus(mutual, client)).toBe(200);
    expect(await grpcAnswer(mutual, client)).toBe('answered');
  });

  test('knows them by their certificate, by both doors', async () => {
    const onError = () => undefined;
    const options = { frontDoor, authenticator, limits, audit, host: '127.0.0.1', port: 0, tls: mutual };
    const grpc = await startGrpcServer({ ...options, onError });
    const http = await openHttpDoor({ settings, frontDoor, authenticator, limits, audit, tls: mutual, log });
    const [ca, key, certificate] = [authority.certificate, client.key, client.certificate].map((pem) =>
      Buffer.from(pem),
    );
    const wire = new WireClient(grpc.address, credentials.createSsl(ca, key, certificate));
    try {
      const namespace = { namespace: 'default' };
      await expect(wire.call('describeNamespace', namespace, { timeoutMs: 10_000 })).rejects.toThrow('nothing here');
      const path = '/api/v1/namespaces/default/activities/a';
      expect(await statusAt(http.url, client, authority.certificate, path)).toBe(404);
      expect(seen).toEqual(['certificate:a client', 'certificate:a client']);
    } finally {
      wire.close();
      await Promise.all([grpc.stop(), http.close()]);
    }
  });

  test.each([
    ['no certificate', undefined],
    ["a stranger's", stranger],
  ])('keeps out who has %s', async (_, own) => {
    expect(await httpStatus(mutual, own)).toEqual(expect.any(String));
    expect(await grpcAnswer(mutual, own)).toMatch('UNAVAILABLE');
  });
});
