import { connect } from 'node:net';

/** A request, byte for byte. */
export interface RawRequest {
  /** `POST /path`. */
  readonly line: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent of the body. */
  readonly body?: Buffer;
  /** What is said of the body's length; default: what is sent. */
  readonly contentLength?: number;
}

/**
 * Sends a request on a connection of its own, whatever is answered meanwhile.
 *
 * @returns the status of the answer; `closed` when the connection ended without one, `held` when `signal` came first.
 */
export function sendRaw(httpUrl: string, request: RawRequest, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(httpUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  return new Promise((resolve) => {
    const end = (told: string): void => {
      resolve(told);
      socket.destroy();
    };
    signal.addEventListener('abort', () => {
      end('held');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      end('closed');
    });
    socket.on('data', (data) => {
      const status = /^HTTP\/1\.1 (?<status>\d{3})/.exec(data.toString('latin1'))?.groups?.['status'];
      if (status !== undefined) end(status);
    });
    socket.on('connect', () => {
      socket.write(headOf(request, `${hostname}:${port}`));
      if (request.body !== undefined) socket.write(request.body);
    });
  });
}

function headOf({ line, headers = {}, body, contentLength = body?.length }: RawRequest, host: string): string {
  const all = {
    host,
    ...(contentLength === undefined ? {} : { 'content-length': String(contentLength) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Runs `attack` over and over, so many at a time, until `signal`. */
export async function inParallel(width: number, signal: AbortSignal, attack: () => Promise<void>): Promise<void> {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) await attack();
  };
  await Promise.all(Array.from({ length: width }, loop));
}

/** Runs `attack` so many times at once. */
export async function allAtOnce(count: number, attack: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => attack(index)));
}

export const json = { 'content-type': 'application/json' } as const;
export const bearer = (key: string): { readonly authorization: string } => ({ authorization: `Bearer ${key}` });

/** An ordinary request. @returns the status and what was answered; status 0 when nothing was. */
export async function call(
  url: string,
  { key, body, headers = {}, method }: CallOptions = {},
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(body === undefined ? {} : json), ...(key === undefined ? {} : bearer(key)), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { status: 0, text: error instanceof Error ? error.message : String(error) };
  }
}

export interface CallOptions {
  readonly key?: string;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}
