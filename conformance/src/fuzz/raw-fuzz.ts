import { connect } from 'node:net';
import { once } from 'node:events';
import type { Random } from '@ratchet/testing';
import { damaged } from './damage.ts';
import { inFlight } from './report.ts';

export interface RawFuzzOptions {
  readonly host: string;
  readonly port: number;
  readonly count: number;
  readonly random: Random;
  /** What a connection begins with, before it is damaged. */
  readonly samples: readonly Uint8Array[];
}

const concurrency = 16;
/** After this a connection is closed from here, whatever came. */
const patienceMs = 200;

/** Opens connections that say nonsense, and closes them. Whoever survives that answers others still: the caller checks. */
export async function fuzzRaw({ host, port, count, random, samples }: RawFuzzOptions): Promise<void> {
  await inFlight(concurrency, count, async () => {
    const bytes = random.oneIn(5) ? random.bytes(500) : damaged(random, random.pick(samples));
    const socket = connect(port, host);
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(bytes);
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    await once(socket, 'close').catch(() => undefined);
    clearTimeout(timer);
  });
}

const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = frame(4, 0, 0, new Uint8Array());

/** A header block of literals without indexing, in plain letters (RFC 7541, 6.2.2). */
const headers = (fields: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(
    Object.entries(fields).map(([name, value]) =>
      Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]),
    ),
  );

const call = (more: Readonly<Record<string, string>>): Buffer =>
  headers({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo',
    ':authority': 'localhost',
    te: 'trailers',
    'content-type': 'application/grpc',
    ...more,
  });

const empty = Buffer.of(0, 0, 0, 0, 0);
const opened = (block: Buffer, body: Buffer): Buffer =>
  Buffer.concat([preface, settings, frame(1, 4, 1, block), frame(0, 1, 1, body)]);

/** Connections of HTTP/2 that are right, or wrong in one thing of gRPC. */
export const http2Samples: readonly Buffer[] = [
  opened(call({}), empty),
  opened(call({ 'grpc-timeout': '-5x' }), empty),
  opened(call({ 'grpc-timeout': '99999999H' }), empty),
  opened(call({ 'content-type': 'text/plain' }), empty),
  opened(call({ ':method': 'GET' }), empty),
  opened(call({ ':path': '/' }), empty),
  opened(call({ 'grpc-encoding': 'snappy' }), Buffer.of(1, 0, 0, 0, 3, 1, 2, 3)),
  opened(call({ 'grpc-encoding': 'gzip' }), Buffer.of(1, 0, 0, 0, 3, 1, 2, 3)),
  opened(call({ 'x-odd-bin': '***' }), empty),
  // A message shorter and one longer than it says, two in one call, and one of 4 GiB.
  opened(call({}), Buffer.of(0, 0, 0, 0, 9, 1)),
  opened(call({}), Buffer.of(0, 0, 0, 0, 0, 1, 2, 3)),
  opened(call({}), Buffer.concat([empty, empty])),
  opened(call({}), Buffer.of(0, 0xff, 0xff, 0xff, 0xff, 1)),
  // Ping, window update of nothing, settings that no one may send, a stream of the server's, a reset of what was never there.
  Buffer.concat([preface, settings, frame(6, 0, 0, new Uint8Array(8)), frame(8, 0, 0, new Uint8Array(4))]),
  Buffer.concat([preface, frame(4, 0, 0, Buffer.of(0, 4, 0xff, 0xff, 0xff, 0xff))]),
  Buffer.concat([preface, settings, frame(1, 4, 2, call({}))]),
  Buffer.concat([preface, settings, frame(3, 0, 7, new Uint8Array(4))]),
  Buffer.concat([preface, settings, frame(9, 4, 1, call({}))]),
];

/** Requests of HTTP/1.1 that are right, or wrong in what delimits them. */
export const http1Samples: readonly Buffer[] = [
  'GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'POST /api/v1/namespaces/default/activities HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{}',
  'POST /api/v1/namespaces/default/activities HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}',
  'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
].map((text) => Buffer.from(text));
