import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPorts, leasePort, type PortLease } from './ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'ratchet-ports-'));
const file = join(folder, 'ports.json');
const names = ['broker-1', 'registry'];
const none = new Set<number>();
const held: { release(): void }[] = [];
const holding = <T extends { release(): void }>(lease: T): T => {
  held.push(lease);
  return lease;
};
afterEach(() => {
  for (const lease of held.splice(0)) lease.release();
  rmSync(file, { force: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const lease = async (preferred?: number): Promise<PortLease> => holding(await leasePort(preferred));

describe('a lease', () => {
  test('is one holder’s, and never of a port that the system gives to outgoing connections', async () => {
    const ports = (await Promise.all(Array.from({ length: 50 }, () => lease()))).map(({ port }) => port);
    expect(new Set(ports).size).toBe(50);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });

  test('is of the port that is preferred, unless it is someone’s', async () => {
    const { port } = await lease();
    expect((await lease(port)).port).not.toBe(port);
    held[0]?.release();
    held.shift();
    expect((await lease(port)).port).toBe(port);
  });

  test('ends with its process, even one that is killed', async () => {
    const holder = fork(new URL('./lease-holder.fixture.ts', import.meta.url), {
      execArgv: ['--conditions=@ratchet/source', '--disable-warning=ExperimentalWarning'],
    });
    const [port] = (await once(holder, 'message')) as [number];
    expect((await lease(port)).port).not.toBe(port);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect((await lease(port)).port).toBe(port);
  });
});

describe('the ports of a folder', () => {
  const claim = async (more: Partial<Parameters<typeof claimPorts>[0]> = {}) =>
    holding(await claimPorts({ file, names, wanted: {}, inUse: none, ...more }));

  test('are the same at the next start', async () => {
    const first = await claim();
    first.release();
    held.shift();
    expect((await claim()).byName).toEqual(first.byName);
  });

  test('are others where one was in use, or is another launcher’s', async () => {
    const first = await claim();
    const second = await claim();
    expect(Object.values(second.byName)).not.toContain(first.byName['registry']);
    second.release();
    const third = await claim({ inUse: new Set(Object.values(second.byName)) });
    expect(Object.values(third.byName)).not.toContain(second.byName['broker-1']);
  });

  test('are those that were asked for, or an error', async () => {
    const { port } = await lease();
    const taken = claim({ wanted: { registry: port } });
    await expect(taken).rejects.toThrow(`Expected to take port ${port} for registry, but it is in use`);
    held.shift()?.release();
    expect((await claim({ wanted: { registry: port } })).byName['registry']).toBe(port);
  });

  test('are new where the file says nothing', async () => {
    writeFileSync(file, '{"regis');
    expect(Object.keys((await claim()).byName)).toEqual(names);
  });
});
