import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { namespaces, webhookName, type Attack, type Target, type Told } from '../target.ts';
import { allAtOnce, inParallel, json, sendRaw } from './raw-http.ts';

// What someone can do who has no credentials.

const activities = `POST /api/v1/namespaces/${namespaces.attacker}/activities`;
const bodyBytes = 6 * 1024 * 1024;
/** An array in an array in an array, ... */
const deepBody = Buffer.from('['.repeat(bodyBytes / 2) + ']'.repeat(bodyBytes / 2));

/** Turned away, by whichever rule comes first. */
const turnedAway = ['401', '403', '404', '408', '413', '429', '431', '503', 'closed'] as const;

function onlyTurnedAway(told: Told): string | undefined {
  const others = told.besides(...turnedAway);
  return others.length === 0 ? undefined : `strangers were told ${others.join(', ')}`;
}

const httpDeepBody: Attack = {
  about: 'bodies of 6 MiB that are arrays in arrays',
  run: async ({ httpUrl }, told, signal) => {
    await inParallel(4, signal, async () => {
      told.add(await sendRaw(httpUrl, { line: activities, headers: json, body: deepBody }, signal));
    });
    // The last ones were cut off by the end of the attack.
    told.counts.delete('held');
    return onlyTurnedAway(told);
  },
};

const httpHeldBodies: Attack = {
  about: '200 bodies of 6 MiB that never end',
  run: async ({ httpUrl }, told, signal) => {
    const body = deepBody.subarray(0, -1);
    await allAtOnce(200, async () => {
      told.add(await sendRaw(httpUrl, { line: activities, headers: json, body, contentLength: bodyBytes }, signal));
    });
    return onlyTurnedAway(told);
  },
};

const httpHeldHeads: Attack = {
  about: '1,000 connections that send a head and wait',
  run: async ({ httpUrl }, told, signal) => {
    await allAtOnce(1_000, async () => {
      told.add(await sendRaw(httpUrl, { line: activities, headers: json, contentLength: 1_000 }, signal));
    });
    return onlyTurnedAway(told);
  },
};

const webhookBodies: Attack = {
  about: 'webhook deliveries of 6 MiB with no signature, or with a wrong one',
  run: async ({ httpUrl }, told, signal) => {
    const line = `POST /webhooks/${webhookName}`;
    await inParallel(4, signal, async () => {
      const signature = {
        'webhook-id': randomUUID(),
        'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
        'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
      };
      told.add(await sendRaw(httpUrl, { line, headers: json, body: deepBody }, signal));
      told.add(await sendRaw(httpUrl, { line, headers: { ...json, ...signature }, body: deepBody }, signal));
    });
    told.counts.delete('held');
    return onlyTurnedAway(told);
  },
};

const grpcPath = '/temporal.api.workflowservice.v1.WorkflowService/StartActivityExecution';
const grpcHeaders = {
  ':method': 'POST',
  ':path': grpcPath,
  'content-type': 'application/grpc+proto',
  te: 'trailers',
} as const;
const messageBytes = 4 * 1024 * 1024 - 64;

/** gRPC's frame: whether it is compressed, the length, the message. */
function frame(message: Buffer, compressed: boolean): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** @returns gRPC's status, `closed` when the stream ended without one, `held` when `signal` came first. */
function statusOf(stream: ClientHttp2Stream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const told = (headers: Readonly<Record<string, unknown>>): void => {
      const { 'grpc-status': status } = headers;
      if (typeof status === 'string') resolve(`grpc ${status}`);
    };
    stream.on('response', told);
    stream.on('trailers', told);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      resolve('closed');
    });
    stream.resume();
    signal.addEventListener('abort', () => {
      resolve('held');
      stream.destroy();
    });
  });
}

function connectTo({ grpcAddress }: Target): ClientHttp2Session {
  const session = connectHttp2(`http://${grpcAddress}`);
  session.on('error', () => undefined);
  return session;
}

/** UNAUTHENTICATED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const grpcTurnedAway = ['grpc 16', 'grpc 8', 'grpc 14', 'closed'] as const;

function onlyTurnedAwayByGrpc(told: Told): string | undefined {
  const others = told.besides(...grpcTurnedAway);
  return others.length === 0 ? undefined : `strangers were told ${others.join(', ')}`;
}

const grpcHeldMessages: Attack = {
  about: '200 gRPC messages of 4 MiB that never end',
  run: async (target, told, signal) => {
    const sessions = Array.from({ length: 4 }, () => connectTo(target));
    const unfinished = frame(Buffer.alloc(messageBytes), false).subarray(0, -1);
    await allAtOnce(200, async (index) => {
      const stream = sessions[index % sessions.length]?.request(grpcHeaders);
      if (stream === undefined) return;
      stream.write(unfinished);
      told.add(await statusOf(stream, signal));
    });
    for (const session of sessions) session.destroy();
    return onlyTurnedAwayByGrpc(told);
  },
};

const grpcInflated: Attack = {
  about: 'gRPC messages of 4 kB that are 4 MiB once they are inflated',
  run: async (target, told, signal) => {
    const session = connectTo(target);
    const bomb = frame(gzipSync(Buffer.alloc(messageBytes)), true);
    await inParallel(8, signal, async () => {
      const stream = session.request({ ...grpcHeaders, 'grpc-encoding': 'gzip' });
      stream.end(bomb);
      told.add(await statusOf(stream, signal));
    });
    session.destroy();
    told.counts.delete('held');
    return onlyTurnedAwayByGrpc(told);
  },
};

/** How many connections a gateway may be made to keep by people that it does not know. */
const idleCount = 1_500;

const grpcIdle: Attack = {
  about: '1,500 gRPC connections on which nothing is ever asked',
  run: async (target, told, signal) => {
    const sessions = Array.from({ length: idleCount }, () => connectTo(target));
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    for (const session of sessions) told.add(session.closed || session.destroyed ? 'closed' : 'open');
    for (const session of sessions) session.destroy();
    return told.count('closed') > 0 ? undefined : `all ${String(idleCount)} connections were kept`;
  },
};

export const strangerAttacks = {
  'http-deep-body': httpDeepBody,
  'http-held-bodies': httpHeldBodies,
  'http-held-heads': httpHeldHeads,
  'webhook-bodies': webhookBodies,
  'grpc-held-messages': grpcHeldMessages,
  'grpc-inflated': grpcInflated,
  'grpc-idle': grpcIdle,
} as const satisfies Readonly<Record<string, Attack>>;
