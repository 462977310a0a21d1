import { once } from 'node:events';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { Client, credentials, Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import { TransientMap } from '@ratchet/kafka';
import { eventually } from '@ratchet/testing';
import { letGoOfEndedCalls } from './transient-streams.ts';

const same = (bytes: Buffer): Buffer => bytes;
const path = '/test.Echo/Echo';
const echo = {
  Echo: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

const server = new Server();

afterAll(() => {
  server.forceShutdown();
});

/** What Node keeps of the session, whatever the name. */
const streamsOf = (session: ServerHttp2Session): unknown =>
  Object.getOwnPropertySymbols(session)
    .map(
      (symbol) => (session as unknown as Readonly<Record<symbol, { readonly streams?: unknown } | undefined>>)[symbol],
    )
    .find((kept) => kept?.streams !== undefined)?.streams;

test("the calls of a grpc-js server are let go of when they have ended, and its sessions live and end as Node's", async () => {
  const waiting: (() => void)[] = [];
  const answer: handleUnaryCall<Buffer, Buffer> = ({ request }, respond) => {
    waiting.push(() => {
      respond(null, request);
    });
  };
  server.addService(echo, { Echo: answer });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  letGoOfEndedCalls(server);
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> };
  const sessions = [...http2Servers.keys()].map((http2Server) => once(http2Server, 'session'));
  const client = new Client(`127.0.0.1:${String(port)}`, credentials.createInsecure());
  const call = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, Buffer.from(text), (error, bytes) => {
        if (error === null) resolve(String(bytes));
        else reject(error);
      });
    });

  const texts = Array.from({ length: 20 }, (_, index) => `text ${String(index)}`);
  const answers = Promise.all(texts.map(call));
  const [session] = (await Promise.race(sessions)) as [ServerHttp2Session];
  await eventually(() => waiting.length === texts.length);
  const streams = streamsOf(session);
  expect(streams).toBeInstanceOf(TransientMap);
  expect(streams).toMatchObject({ size: texts.length });
  for (const respond of waiting) respond();
  expect(await answers).toEqual(texts);

  // A session closes only when Node finds that no stream is open.
  const closed = once(session, 'close');
  client.close();
  await closed;
  expect(streams).toMatchObject({ size: 0 });
});
