import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { listenAt, type ListenAddress } from './listen-at.ts';

const variables = { hostVariable: 'RATCHET_HEALTH_HOST', portVariable: 'RATCHET_HEALTH_PORT' } as const;
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

const listen = async ({ host, port }: Pick<ListenAddress, 'host' | 'port'>): Promise<number> => {
  const server = createServer();
  open.push(server);
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const tryAt = (host: string, port: number): Promise<number> =>
  listenAt({ host, port, ...variables }, () => listen({ host, port }));

test('a port that is in use is told of, with the variable that sets it', async () => {
  const port = await tryAt('127.0.0.1', 0);
  const inUse = tryAt('127.0.0.1', port);
  await expect(inUse).rejects.toMatchObject({ name: 'PortInUseError', variable: 'RATCHET_HEALTH_PORT' });
  await expect(inUse).rejects.toThrow(
    `[RKT1303] Expected to listen at 127.0.0.1, port ${String(port)} (RATCHET_HEALTH_HOST, RATCHET_HEALTH_PORT), but the port is in use`,
  );
});

test('so is a host that is not of this machine', async () => {
  await expect(tryAt('192.0.2.1', 0)).rejects.toThrow(/RKT1303.*192\.0\.2\.1 is no address of this machine/);
});

test('whatever else goes wrong is thrown as it is', async () => {
  const error = new Error('no certificate');
  const opened = listenAt({ host: 'h', port: 1, ...variables }, () => Promise.reject(error));
  await expect(opened).rejects.toBe(error);
});
