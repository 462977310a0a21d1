import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';

/** What grpc-js's server does with each message; only a part of it is of interest. */
interface ServerCall {
  decompressMessage: (this: ServerCall, message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
}

/** Messages that are larger, or become larger, are inflated beside the event loop. */
const smallBytesMax = 64 * 1024;
const smallInflatedBytesMax = 256 * 1024;
const framePrefixBytes = 5;

/** What grpc-js does not know of a call. */
export interface Callers {
  /** Tells one caller from another. */
  nameOf(call: object): string;
  /** The message of a call is so much larger than it came. @throws what grpc-js answers the call with. */
  addBytes(call: object, count: number): void;
}

const patched = new WeakSet<ServerCall>();

/**
 * Inflates small messages on the spot. Temporal's newer SDKs compress every request, and grpc-js makes a stream with
 * buffers of its own for each: eight times the CPU time, for requests of a few hundred bytes. What is or becomes larger is
 * inflated by grpc-js beside the event loop, one message of a caller after the other: a few bytes can become the most that
 * a message may have, and those of many calls at once would fill the memory.
 *
 * It takes the place of one method of grpc-js; where that is not there any more, grpc-js does it all by itself.
 */
export function inflateFaster(callers: Callers): void {
  const prototype = serverCalls();
  if (typeof prototype?.decompressMessage !== 'function' || patched.has(prototype)) return;
  patched.add(prototype);
  const own = prototype.decompressMessage;
  prototype.decompressMessage = function inflateMessage(message, encoding) {
    if (encoding === 'identity') return own.call(this, message, encoding);
    const isSmall = encoding === 'gzip' && message.length <= smallBytesMax;
    const inflated = isSmall ? inflateSmall(message.subarray(framePrefixBytes)) : undefined;
    return inflated === undefined
      ? inTurn(callers.nameOf(this), async () => weighed(callers, this, await own.call(this, message, encoding)))
      : weighed(callers, this, inflated);
  };
}

function weighed(callers: Callers, call: object, message: Buffer): Buffer {
  callers.addBytes(call, message.length);
  return message;
}

/** By caller, the message that is inflated last. */
const tails = new Map<string, Promise<unknown>>();

function inTurn<T>(caller: string, inflate: () => Promise<T>): Promise<T> {
  const turn = (tails.get(caller) ?? Promise.resolve()).then(inflate, inflate);
  tails.set(caller, turn);
  const leave = (): void => {
    if (tails.get(caller) === turn) tails.delete(caller);
  };
  turn.then(leave, leave);
  return turn;
}

function serverCalls(): ServerCall | undefined {
  try {
    const calls = createRequire(import.meta.url)('@grpc/grpc-js/build/src/server-interceptors.js') as {
      readonly BaseServerInterceptingCall?: { readonly prototype: ServerCall };
    };
    return calls.BaseServerInterceptingCall?.prototype;
  } catch {
    // A file of grpc-js's own, which another version of it may not have.
    return undefined;
  }
}

/** @returns nothing for what becomes large. @throws what grpc-js answers the call with. */
function inflateSmall(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { chunkSize: 1024, maxOutputLength: smallInflatedBytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    const refusal = { code: status.INVALID_ARGUMENT, details: 'Failed to decompress message' };
    throw Object.assign(new Error(refusal.details), refusal);
  }
}
