import { once } from 'node:events';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { status as codes } from '@grpc/grpc-js';
import { createServiceMetrics } from '@ratchet/service-kit';
import { apiKeyHash } from '../auth/api-keys.ts';
import { createAuthenticator } from '../auth/index.ts';
import type { Caller, FrontDoor } from '../front-door/index.ts';
import type { Limits, LimitSettings } from '../limits/index.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { startGrpcServer, type RunningGrpcServer } from './grpc-server.ts';

const service = '/temporal.api.workflowservice.v1.WorkflowService';
const keys = { billing: 'rk_billing_0123456789abcdef012345', shipping: 'rk_shipping_0123456789abcdef0123' };
const grants = [{ namespace: '*', role: 'admin' }] as const;
const authenticator = createAuthenticator({
  apiKeys: Object.entries(keys).map(([name, key]) => ({ name, hash: apiKeyHash(key), grants })),
});

/** A server whose polls wait until they are let go. */
class Stage {
  readonly limits: Limits;
  readonly sessions: ClientHttp2Session[] = [];
  readonly refused: string[] = [];
  readonly #metrics = createServiceMetrics('test');
  readonly #waiting: (() => void)[] = [];
  #server: RunningGrpcServer | undefined;

  constructor(settings: Partial<LimitSettings>) {
    this.limits = limitsFor(settings, this.#metrics);
  }

  async open(): Promise<this> {
    const { limits } = this;
    const wait = ({ principal }: Caller): Promise<undefined> =>
      limits.polls.during(principal, () => {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        this.#waiting.push(() => {
          resolve(undefined);
        });
        return promise;
      });
    const fake = {} as Record<string, unknown>;
    const frontDoor = { activities: { awaitOutcome: wait }, attempts: fake, tasks: fake, runs: fake, namespaces: fake };
    this.#server = await startGrpcServer({
      frontDoor: frontDoor as unknown as FrontDoor,
      authenticator,
      limits,
      audit: {
        refused: ({ what, from }) => {
          this.refused.push(`${what} from ${from}`);
        },
      },
      host: '127.0.0.1',
      port: 0,
      onError: (method, error) => {
        throw new Error(`${method} failed`, { cause: error });
      },
    });
    return this;
  }

  get port(): number {
    return Number(this.#server?.address.split(':').at(-1));
  }

  connect(): ClientHttp2Session {
    const session = connect(`http://127.0.0.1:${String(this.port)}`);
    session.on('error', () => undefined);
    this.sessions.push(session);
    return session;
  }

  letGo(): void {
    for (const end of this.#waiting.splice(0)) end();
  }

  /** How often a limit was reached. */
  async reached(variable: string): Promise<number> {
    const text = await this.#metrics.registry.getSingleMetricAsString('ratchet_limits_reached_total');
    return Number(new RegExp(`limit="${variable}".*\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }

  async close(): Promise<void> {
    this.letGo();
    for (const session of this.sessions) session.destroy();
    await this.#server?.stop();
  }
}

const stages: Stage[] = [];
async function open(settings: Partial<LimitSettings> = {}): Promise<Stage> {
  const stage = await new Stage(settings).open();
  stages.push(stage);
  return stage;
}
afterEach(() => Promise.all(stages.splice(0).map((stage) => stage.close())));

interface Call {
  readonly stream: ClientHttp2Stream;
  /** The code it was answered with, and the message. */
  readonly answer: Promise<string>;
}

const frame = (message: Uint8Array, isCompressed = false): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

function begin(session: ClientHttp2Session, method: string, headers: Readonly<Record<string, string>> = {}): Call {
  const all = {
    ':path': `${service}/${method}`,
    ':method': 'POST',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const stream = session.request({ ...all, ...headers }, { endStream: false });
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  const hear = (given: IncomingHttpHeaders): void => {
    const code = given['grpc-status'];
    if (code === undefined) return;
    resolve(`${codes[Number(code)] ?? ''}: ${decodeURI(String(given['grpc-message']))}`);
  };
  stream.on('response', hear).on('trailers', hear);
  stream
    .on('error', () => undefined)
    .on('close', () => {
      resolve('closed');
    });
  stream.resume();
  return { stream, answer };
}

const as = (who: keyof typeof keys): Record<string, string> => ({ authorization: `Bearer ${keys[who]}` });

/** A poll of an activity, its message sent. */
function poll(session: ClientHttp2Session, who: keyof typeof keys = 'billing'): Call {
  const call = begin(session, 'PollActivityExecution', as(who));
  call.stream.end(frame(Buffer.alloc(0)));
  return call;
}

const info = (session: ClientHttp2Session, headers: Record<string, string>): Promise<string> => {
  const call = begin(session, 'GetSystemInfo', headers);
  call.stream.end(frame(Buffer.alloc(0)));
  return call.answer;
};

/** The head of a field that nobody knows, with 3 MiB. */
const field = (number: number): Buffer => Buffer.from([(number << 3) | 2, 0x80, 0x80, 0xc0, 0x01]);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await pause(10);
  }
  throw new Error(`Expected ${String(holds)}, but it did not come`);
}

const exhausted = (setting: string): unknown =>
  expect.stringMatching(new RegExp(`^RESOURCE_EXHAUSTED: .*\\(RATCHET_${setting}\\)`));
const part = frame(Buffer.alloc(1024 * 1024)).subarray(0, 600 * 1024);

test('who has no credential is answered before a message is taken, and is not listened to for long', async () => {
  const stage = await open();
  const { stream, answer } = begin(stage.connect(), 'StartActivityExecution');
  expect(await answer).toMatch(/^UNAUTHENTICATED/);
  expect(stage.refused).toEqual(['StartActivityExecution from 127.0.0.1']);
  stream.write(part);
  await once(stream, 'close');
  expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  expect(stage.limits.bytes.used).toBe(0);
  expect(stage.limits.arriving.count).toBe(0);
});

test('who is known is answered, and nothing of the call is left', async () => {
  const stage = await open();
  expect(await info(stage.connect(), as('billing'))).toBe('OK: OK');
  await until(() => stage.limits.grpc.calls.used === 0 && stage.limits.arriving.count === 0);
});

test('who calls hundreds of times at once delays nobody else', async () => {
  const stage = await open({ grpcStreamsMax: 1_000 });
  const [many, other] = [stage.connect(), stage.connect()];
  expect(await info(many, as('billing'))).toBe('OK: OK');
  expect(await info(other, as('shipping'))).toBe('OK: OK');
  for (let count = 0; count < 500; count++) poll(many);
  expect(await info(other, as('shipping'))).toBe('OK: OK');
  expect(stage.limits.polls.used).toBeLessThan(400);
  await until(() => stage.limits.polls.used === 500);
});

describe('too many calls', () => {
  test('on one connection are refused, and may be made on another', async () => {
    const stage = await open({ grpcStreamsMax: 2 });
    const session = stage.connect();
    const open_ = [poll(session), poll(session)];
    await until(() => stage.limits.polls.used === 2);
    expect(await poll(session).answer).toEqual(exhausted('GRPC_STREAMS_MAX'));
    expect(await info(stage.connect(), as('billing'))).toBe('OK: OK');
    expect(session.remoteSettings.maxConcurrentStreams).toBe(102);
    stage.letGo();
    for (const { answer } of open_) expect(await answer).toBe('OK: OK');
    expect(await info(session, as('billing'))).toBe('OK: OK');
    expect(await stage.reached('RATCHET_GRPC_STREAMS_MAX')).toBe(1);
  });

  test.each<[setting: string, settings: Partial<LimitSettings>]>([
    ['PRINCIPAL_CALLS_MAX', { principalCallsMax: 2 }],
    ['PRINCIPAL_POLLS_MAX', { principalPollsMax: 2 }],
  ])('of one principal are refused, and those of another are not: %s', async (setting, settings) => {
    const stage = await open(settings);
    const session = stage.connect();
    poll(session);
    poll(session);
    await until(() => stage.limits.polls.used === 2);
    expect(await poll(session).answer).toEqual(exhausted(setting));
    expect(await info(session, as('shipping'))).toBe('OK: OK');
    expect(await stage.reached(`RATCHET_${setting}`)).toBe(1);
  });

  test.each<[setting: string, settings: Partial<LimitSettings>, other: string]>([
    ['GRPC_CALLS_MAX', { grpcCallsMax: 2 }, 'RESOURCE_EXHAUSTED'],
    ['POLLS_MAX', { pollsMax: 2 }, 'OK'],
  ])('of all together are refused, polls before others: %s', async (setting, settings, other) => {
    const stage = await open(settings);
    poll(stage.connect());
    poll(stage.connect(), 'shipping');
    await until(() => stage.limits.polls.used === 2);
    expect(await poll(stage.connect(), 'shipping').answer).toEqual(exhausted(setting));
    expect(await info(stage.connect(), as('billing'))).toMatch(other);
  });
});

describe('messages that come', () => {
  test('are bounded together, and those of one principal by themselves', async () => {
    const stage = await open({ principalRequestBytesMax: 1024 * 1024, requestBytesMax: 1536 * 1024 });
    const upload = (who: keyof typeof keys): Call => {
      const call = begin(stage.connect(), 'StartActivityExecution', as(who));
      call.stream.write(part);
      return call;
    };
    const first = upload('billing');
    await until(() => stage.limits.bytes.used === part.length);
    expect(await upload('billing').answer).toEqual(exhausted('PRINCIPAL_REQUEST_BYTES_MAX'));
    upload('shipping');
    await until(() => stage.limits.bytes.used === 2 * part.length);
    expect(await upload('shipping').answer).toMatch(/^RESOURCE_EXHAUSTED/);
    expect(await info(stage.connect(), as('shipping'))).toBe('OK: OK');
    first.stream.close();
    await until(() => stage.limits.bytes.used === part.length);
  });

  test('weigh what they become', async () => {
    const stage = await open({ principalRequestBytesMax: 5 * 1024 * 1024 });
    const session = stage.connect();
    const bomb = frame(gzipSync(Buffer.concat([field(15), Buffer.alloc(3 * 1024 * 1024)])), true);
    const send = (): Call => {
      const call = begin(session, 'PollActivityExecution', { ...as('billing'), 'grpc-encoding': 'gzip' });
      call.stream.end(bomb);
      return call;
    };
    send();
    await until(() => stage.limits.polls.used === 1);
    expect(stage.limits.bytes.used).toBeGreaterThan(3 * 1024 * 1024);
    expect(await send().answer).toEqual(exhausted('PRINCIPAL_REQUEST_BYTES_MAX'));
  });

  test('have a time to come in', async () => {
    const stage = await open({ arrivalMsMax: 300 });
    const { answer, stream } = begin(stage.connect(), 'StartActivityExecution', as('billing'));
    stream.write(part);
    expect(await answer).toEqual(exhausted('ARRIVAL_MS_MAX'));
    await until(() => stage.limits.bytes.used === 0);
  });

  test('give way when they are slow and others come', async () => {
    const stage = await open({ arrivingMax: 10 });
    const session = stage.connect();
    const slow = Array.from({ length: 30 }, () => begin(session, 'StartActivityExecution', as('billing')));
    expect(await info(stage.connect(), as('shipping'))).toBe('OK: OK');
    expect(await slow[0]?.answer).toEqual(exhausted('ARRIVING_MAX'));
    await until(() => stage.limits.arriving.count <= 10);
    expect(await stage.reached('RATCHET_ARRIVING_MAX')).toBeGreaterThanOrEqual(20);
  });
});

describe('connections', () => {
  const tcp = async (stage: Stage): Promise<Socket> => {
    const socket = connectTcp(stage.port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    return socket.resume();
  };

  test('of strangers give way to those who come', async () => {
    const stage = await open({ strangersMax: 5 });
    const sockets: Socket[] = [];
    for (let index = 0; index < 20; index++) sockets.push(await tcp(stage));
    expect(await info(stage.connect(), as('billing'))).toBe('OK: OK');
    await until(() => sockets.filter(({ destroyed }) => destroyed).length === 16);
    expect(sockets.slice(16).some(({ destroyed }) => destroyed)).toBe(false);
    expect(await stage.reached('RATCHET_STRANGERS_MAX')).toBe(16);
    for (const socket of sockets) socket.destroy();
  });

  test('that are idle give way, and where all are busy a newcomer is refused', async () => {
    const stage = await open({ grpcConnectionsMax: 2 });
    const idle = stage.connect();
    const busy = stage.connect();
    const third = stage.connect();
    const fourth = stage.connect();
    poll(busy);
    expect(await info(idle, as('billing'))).toBe('OK: OK');
    await until(() => stage.limits.polls.used === 1);
    poll(third, 'shipping');
    await until(() => stage.limits.polls.used === 2);
    await until(() => idle.destroyed);
    expect(await info(fourth, as('shipping'))).toEqual(exhausted('GRPC_CONNECTIONS_MAX'));
    stage.letGo();
    await until(() => stage.limits.grpc.calls.used === 0);
    expect(await info(fourth, as('shipping'))).toBe('OK: OK');
  });

  test('of one principal are bounded', async () => {
    const stage = await open({ principalConnectionsMax: 2 });
    const answers: string[] = [];
    for (let index = 0; index < 3; index++) answers.push(await info(stage.connect(), as('billing')));
    expect(answers).toEqual(['OK: OK', 'OK: OK', exhausted('PRINCIPAL_CONNECTIONS_MAX')]);
    expect(await info(stage.connect(), as('shipping'))).toBe('OK: OK');
  });

  test('that are idle for long are closed', async () => {
    const stage = await open({ grpcIdleMsMax: 1_000 });
    const session = stage.connect();
    expect(await info(session, as('billing'))).toBe('OK: OK');
    await until(() => session.destroyed);
    await until(() => stage.limits.grpc.connections.count === 0);
  });
});

describe('a health check', () => {
  const health = (session: ClientHttp2Session, method: string): Call =>
    begin(session, '', { ':path': `/grpc.health.v1.Health/${method}` });

  test('is answered to everyone, and is small', async () => {
    const stage = await open();
    const session = stage.connect();
    const check = health(session, 'Check');
    check.stream.end(frame(Buffer.alloc(0)));
    expect(await check.answer).toBe('OK: OK');
    const large = health(session, 'Check');
    large.stream.end(frame(Buffer.alloc(4_096)));
    expect(await large.answer).toMatch(/^RESOURCE_EXHAUSTED/);
  });

  test('that watches gives way to the next when too many do', async () => {
    const stage = await open({ strangersMax: 2 });
    const session = stage.connect();
    const watches = [1, 2, 3].map(() => health(session, 'Watch'));
    for (const { stream } of watches) stream.end(frame(Buffer.alloc(0)));
    expect(await watches[0]?.answer).toEqual(exhausted('STRANGERS_MAX'));
    expect(stage.limits.healthWatches.count).toBe(2);
    session.destroy();
    await until(() => stage.limits.healthWatches.count === 0);
  });
});
