import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { inflateFaster } from './faster-inflation.ts';

type Inflate = (
  this: { readonly maxReceiveMessageSize: number },
  message: Buffer,
  encoding: string,
) => Buffer | Promise<Buffer>;

interface Calls {
  readonly BaseServerInterceptingCall: {
    readonly prototype: { decompressMessage: Inflate };
  };
}

const calls = createRequire(import.meta.url)('@grpc/grpc-js/build/src/server-interceptors.js') as Calls;
const { prototype } = calls.BaseServerInterceptingCall;
const own = prototype.decompressMessage;
let addedBytes = 0;
inflateFaster({
  nameOf: () => 'me',
  addBytes: (_, count) => {
    addedBytes += count;
  },
});
const faster = prototype.decompressMessage;

const framed = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.alloc(5), bytes]);
const call = { maxReceiveMessageSize: 4 * 1024 * 1024 };

test.each([
  { what: 'nothing', bytes: Buffer.alloc(0) },
  { what: 'a request', bytes: Buffer.from('a request of a few hundred bytes '.repeat(10)) },
  { what: 'more than a chunk', bytes: Buffer.alloc(100_000, 'abc') },
])('$what is inflated as grpc-js inflates it', async ({ bytes }) => {
  const message = framed(gzipSync(bytes));
  expect(await faster.call(call, message, 'gzip')).toEqual(await own.call(call, message, 'gzip'));
  expect(await faster.call(call, framed(bytes), 'identity')).toEqual(bytes);
});

const errorOf = async (inflate: () => unknown): Promise<unknown> => {
  try {
    await inflate();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('what becomes large is inflated beside the event loop, one of a caller after the other, and weighed', async () => {
  addedBytes = 0;
  const large = gzipSync(Buffer.alloc(4 * 1024 * 1024));
  const inflated = [1, 2, 3].map(() => faster.call(call, framed(large), 'gzip'));
  expect(inflated.every((message) => message instanceof Promise)).toBe(true);
  await inflated[0];
  expect(addedBytes).toBe(4 * 1024 * 1024);
  for (const message of inflated) await message;
  expect(addedBytes).toBe(3 * 4 * 1024 * 1024);
});

test('what cannot be inflated is the mistake of its sender', async () => {
  const error = await errorOf(() => faster.call(call, framed(Buffer.from('no gzip')), 'gzip'));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('what would be too large is refused before it is', async () => {
  const bomb = framed(gzipSync(Buffer.alloc(8 * 1024 * 1024)));
  expect(bomb.length).toBeLessThan(64 * 1024);
  const error = await errorOf(() => faster.call(call, bomb, 'gzip'));
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});
