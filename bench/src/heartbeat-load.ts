import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { temporal } from './temporal-wire.ts';

/** Heartbeats, each waited for, from `width` loops over `tokens` for `seconds`. @returns how many were recorded in a second. */
export async function measureHeartbeats(
  address: string,
  tokens: readonly Uint8Array[],
  { width, seconds }: { readonly width: number; readonly seconds: number },
): Promise<number> {
  const client = new Client(address, credentials.createInsecure());
  const requests = tokens.map((taskToken) => {
    const details = { payloads: [{ metadata: {}, data: Buffer.from('"half of it"') }] };
    return Buffer.from(temporal.RecordActivityTaskHeartbeatRequest.encode({ taskToken, details }).finish());
  });
  let count = 0;
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const loop = async (_: unknown, index: number): Promise<void> => {
    for (let at = index; performance.now() < end; at += width) {
      await beat(client, requests[at % requests.length] ?? Buffer.alloc(0));
      count++;
    }
  };
  await Promise.all(Array.from({ length: width }, loop));
  client.close();
  return Math.round(count / ((performance.now() - begun) / 1000));
}

const path = '/temporal.api.workflowservice.v1.WorkflowService/RecordActivityTaskHeartbeat';
const asIs = (bytes: Buffer): Buffer => bytes;
const metadata = new Metadata();

function beat(client: Client, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, request, metadata, { deadline: Date.now() + 30_000 }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
