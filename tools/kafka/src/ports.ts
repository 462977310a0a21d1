import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/**
 * Loopback ports for a data folder: those that `file` remembers where they are still free, else new ones; remembered for the next start.
 * `wanted` fixes some of them; a wanted port that is taken is an error.
 */
export async function claimPorts(
  file: string,
  names: readonly string[],
  wanted: Readonly<Record<string, number | undefined>> = {},
): Promise<Record<string, number>> {
  const remembered = readPorts(file);
  const held: Server[] = [];
  const ports: Record<string, number> = {};
  try {
    // all are held until all are known, or the system could give one port twice
    for (const name of names) {
      const server = await hold(name, wanted[name], remembered[name]);
      held.push(server);
      ports[name] = portOf(server);
    }
  } finally {
    await Promise.all(held.map(release));
  }
  writeFileSync(file, `${JSON.stringify(ports, null, 2)}\n`);
  return ports;
}

/** A loopback port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = await hold('a test', undefined, undefined);
  const port = portOf(server);
  await release(server);
  return port;
}

async function hold(name: string, wanted: number | undefined, remembered: number | undefined): Promise<Server> {
  if (wanted !== undefined) {
    const server = await listen(wanted);
    if (server === undefined) throw new Error(`Expected to take port ${wanted} for ${name}, but it is in use`);
    return server;
  }
  const server = (remembered === undefined ? undefined : await listen(remembered)) ?? (await listen(0));
  if (server === undefined) throw new Error(`Expected to find a free port for ${name}, but the system gave none`);
  return server;
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function release(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected to read a port, but it is not held');
  return address.port;
}

function readPorts(file: string): Partial<Record<string, number>> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
