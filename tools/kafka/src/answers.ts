import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the broker at `address` (`host:port`) answers a metadata request, and lists at least `brokerCountMin` brokers. */
export async function kafkaAnswers(address: string, brokerCountMin = 1): Promise<boolean> {
  const [host, port] = splitAddress(address);
  const socket = connect({ host, port });
  socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    socket.write(metadataRequest());
    return brokerCount(await firstFrame(socket)) >= brokerCountMin;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether something takes connections at `address`: all that a broker that asks who comes tells a stranger. */
export async function takesConnections(address: string): Promise<boolean> {
  const [host, port] = splitAddress(address);
  const socket = connect({ host, port });
  socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether the registry at `url` (its Confluent-compatible root) lists its subjects, or wants to know who asks. */
export async function registryAnswers(url: string): Promise<boolean> {
  try {
    const { address, headers } = withoutUser(`${url.replace(/\/$/, '')}/subjects`);
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(3000) });
    return response.ok || response.status === 401 || response.status === 403;
  } catch {
    return false;
  }
}

/** User and password of an address as a header, since `fetch` takes none with them. */
function withoutUser(url: string): { readonly address: URL; readonly headers: Readonly<Record<string, string>> } {
  const address = new URL(url);
  const user = [address.username, address.password].map(decodeURIComponent).join(':');
  address.username = '';
  address.password = '';
  return { address, headers: user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` } };
}

/** Polls `answers` until it is true; false when `deadlineMs` passed or `given up` came first. */
export async function awaitAnswer(
  answers: () => Promise<boolean>,
  deadlineMs: number,
  givenUp: () => boolean = () => false,
): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  while (Date.now() < end && !givenUp()) {
    if (await answers()) return true;
    await sleep(100);
  }
  return false;
}

/** `host:port` of one broker; IPv6 hosts in brackets. */
export function splitAddress(address: string): [host: string, port: number] {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d+)$/.exec(address.trim());
  const host = match?.groups?.['six'] ?? match?.groups?.['host'];
  if (host === undefined) throw new Error(`Expected a broker address as host:port, but got "${address}"`);
  return [host, Number(match?.groups?.['port'])];
}

/** Metadata, version 1, for no topics: the least that a broker answers only when it takes part. */
export function metadataRequest(): Buffer {
  const client = 'ratchet';
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4);
  body.writeInt32BE(body.length - 4, 0);
  body.writeInt16BE(3, 4);
  body.writeInt16BE(1, 6);
  body.writeInt32BE(1, 8);
  body.writeInt16BE(client.length, 12);
  body.write(client, 14, 'ascii');
  body.writeInt32BE(0, 14 + client.length);
  return body;
}

/** How many brokers a metadata response (after its length) lists: correlation id first, then the array's length. */
export function brokerCount(frame: Buffer): number {
  return frame.readInt32BE(4);
}

async function firstFrame(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) return received.subarray(4);
  }
  throw new Error('the connection ended before an answer');
}
