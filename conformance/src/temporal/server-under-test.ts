import { createServer, type AddressInfo } from 'node:net';
import { startCluster } from '@ratchet/testing';

export interface ServerUnderTest {
  /** `host:port` of its gRPC. */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * The server that the promises are held against: the one that runs at `TEMPORAL_ADDRESS` (ours or the reference; it is
 * left running), else a cluster of our own, started here.
 */
export async function serverUnderTest(): Promise<ServerUnderTest> {
  const address = process.env['TEMPORAL_ADDRESS'];
  if (address !== undefined) return { address, stop: () => Promise.resolve() };
  const port = String(await freePort());
  const ratchet = await startCluster({ serviceEnv: { RATCHET_GRPC_PORT: port } });
  return { address: `127.0.0.1:${port}`, stop: () => ratchet.stop() };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
