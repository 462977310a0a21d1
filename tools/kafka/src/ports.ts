import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Below the ports that systems give to outgoing connections (Linux: from 32768), any of which may be in use a moment later. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const TRIES_MAX = 200;

/** A loopback port that no other launcher of this machine uses, until it is released or this process ends. */
export interface PortLease {
  readonly port: number;
  /** Safe to call twice. */
  readonly release: () => void;
}

/**
 * A port for a server that must know its address before it listens there. `preferred` when no one else has leased it.
 *
 * A lease is a UDP socket bound to the port's number: the kernel gives it to one process, and takes it back however that
 * process ends. It keeps launchers apart; whether some other server listens there is seen when the own one tries to.
 */
export async function leasePort(preferred?: number): Promise<PortLease> {
  const held = preferred === undefined ? undefined : await hold(preferred);
  if (held !== undefined) return held;
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    const lease = await hold(FIRST_PORT + Math.floor(Math.random() * PORT_COUNT));
    if (lease !== undefined) return lease;
  }
  throw new Error(
    `Expected to lease a port from ${FIRST_PORT} on, but the ${TRIES_MAX} that were tried are all leased`,
  );
}

async function hold(port: number): Promise<PortLease | undefined> {
  const socket = createSocket('udp4');
  try {
    await bound(socket, port);
  } catch {
    socket.close();
    return undefined;
  }
  let isHeld = true;
  return {
    port,
    release: () => {
      if (isHeld) socket.close();
      isHeld = false;
    },
  };
}

async function bound(socket: Socket, port: number): Promise<void> {
  socket.unref().bind({ port, address: '127.0.0.1', exclusive: true });
  await once(socket, 'listening');
}

/** The ports of the servers of one data folder. */
export interface ClaimedPorts {
  readonly byName: Readonly<Record<string, number>>;
  readonly release: () => void;
}

export interface PortClaim {
  /** Where the ports are remembered for the next start. */
  readonly file: string;
  readonly names: readonly string[];
  /** Fixes some of them. */
  readonly wanted: Readonly<Record<string, number | undefined>>;
  /** What turned out to be in use: none of these is taken again unless it is wanted. */
  readonly inUse: ReadonlySet<number>;
}

/**
 * Loopback ports for a data folder: those that it had before, else new ones.
 *
 * @throws Error (rejects) when a wanted port is leased by another launcher.
 */
export async function claimPorts({ file, names, wanted, inUse }: PortClaim): Promise<ClaimedPorts> {
  const remembered = readPorts(file);
  const leases = new Map<string, PortLease>();
  const release = (): void => {
    for (const lease of leases.values()) lease.release();
  };
  try {
    for (const name of names) {
      const former = remembered[name];
      const preferred = wanted[name] ?? (former === undefined || inUse.has(former) ? undefined : former);
      const lease = await leasePort(preferred);
      leases.set(name, lease);
      if (wanted[name] !== undefined && lease.port !== wanted[name]) throw portInUse(name, wanted[name]);
    }
  } catch (error) {
    release();
    throw error;
  }
  const byName = Object.fromEntries(Array.from(leases, ([name, { port }]) => [name, port]));
  writeFileSync(file, `${JSON.stringify(byName, null, 2)}\n`);
  return { byName, release };
}

export const portInUse = (name: string, port: number): Error =>
  new Error(
    `Expected to take port ${port} for ${name}, but it is in use: choose another one, or stop what listens there`,
  );

function readPorts(file: string): Partial<Record<string, number>> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
