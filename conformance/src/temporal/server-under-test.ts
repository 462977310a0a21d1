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
  const ratchet = await startCluster();
  return { address: ratchet.grpcAddress, stop: () => ratchet.stop() };
}
