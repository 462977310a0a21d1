import { startCluster } from '@ratchet/testing';

export interface ServerUnderTest {
  /** `host:port` of its gRPC. */
  readonly address: string;
  /** Of its REST API, if it has one. */
  readonly httpUrl: string | undefined;
  stop(): Promise<void>;
}

/**
 * The server that the promises are held against: the one that runs at `TEMPORAL_ADDRESS` (ours, then with its REST API at
 * `RATCHET_HTTP_URL`, or the reference; it is left running), else a cluster of our own, started here.
 */
export async function serverUnderTest(): Promise<ServerUnderTest> {
  const address = process.env['TEMPORAL_ADDRESS'];
  if (address !== undefined)
    return { address, httpUrl: process.env['RATCHET_HTTP_URL'], stop: () => Promise.resolve() };
  const ratchet = await startCluster();
  return { address: ratchet.grpcAddress, httpUrl: ratchet.httpUrl, stop: () => ratchet.stop() };
}
