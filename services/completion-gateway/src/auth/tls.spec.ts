import { request } from 'node:https';
import { credentials } from '@grpc/grpc-js';
import type { ServiceLog } from '@ratchet/service-kit';
import type { FrontDoor } from '../front-door/index.ts';
import { startGrpcServer } from '../grpc/index.ts';
import { WireClient } from '../grpc/wire-client.fixture.ts';
import { openHttpDoor } from '../http/http-door.ts';
import type { TlsConfig } from './auth.settings.ts';
import { createAuthenticator } from './authenticator.ts';
import { certificates } from './certificates.fixture.ts';

const { authority, server, client, stranger } = certificates;
const tls: TlsConfig = server;
const mutual: TlsConfig = { ...server, clientCa: authority.certificate };
const authenticator = createAuthenticator({ apiKeys: [] });
const frontDoor = {} as FrontDoor;
const log = { warn: () => undefined } as unknown as ServiceLog;

interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** The status that HTTP answers, or why the connection failed. */
async function httpStatus(config: TlsConfig, own?: Certificate, ca = authority.certificate): Promise<number | string> {
  const where = { httpHost: '127.0.0.1', httpPort: 0, httpRequestsMax: 10, httpAllowedHosts: [] };
  const settings = { ...where, environment: 'development' } as const;
  const door = await openHttpDoor({ settings, frontDoor, authenticator, tls: config, log });
  try {
    expect(door.url).toMatch(/^https:/);
    return await new Promise((resolve) => {
      const keys = own === undefined ? {} : { cert: own.certificate, key: own.key };
      const asked = request(`${door.url}/openapi.json`, { ca, ...keys, agent: false }, (response) => {
        response.resume();
        expect(response.headers['strict-transport-security']).toBe('max-age=31536000');
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', (error) => {
        resolve(error.message);
      });
      asked.end();
    });
  } finally {
    await door.close();
  }
}

/** What gRPC answers to a call, or why the connection failed. */
async function grpcAnswer(config: TlsConfig, own?: Certificate): Promise<string> {
  const onError = () => undefined;
  const grpc = await startGrpcServer({ frontDoor, authenticator, host: '127.0.0.1', port: 0, tls: config, onError });
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

describe('mTLS', () => {
  test('lets in who has a certificate of the authority', async () => {
    expect(await httpStatus(mutual, client)).toBe(200);
    expect(await grpcAnswer(mutual, client)).toBe('answered');
  });

  test.each([
    ['no certificate', undefined],
    ["a stranger's", stranger],
  ])('keeps out who has %s', async (_, own) => {
    expect(await httpStatus(mutual, own)).toEqual(expect.any(String));
    expect(await grpcAnswer(mutual, own)).toMatch('UNAVAILABLE');
  });
});
