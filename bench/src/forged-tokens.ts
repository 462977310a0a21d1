import { randomBytes, randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { createTokenSigner } from '@ratchet/protocol';
import { percentiles } from './load.ts';
import { wholeOf } from './stage.ts';
import { temporal } from './temporal-wire.ts';

const usage = `Shows a gateway, or the check that it makes, tokens that nobody signed: none may be accepted.

  node bench/src/forged-tokens.ts [--count N] [--address host:port]

  --count    how many (default 1000000)
  --address  a running gateway to send them to; without it they are checked in this process`;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    address: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const signer = createTokenSigner('the secret of another cluster, not of this one');
const id = { namespace: 'default', workflowId: '', runId: '0b9b9c0e-6f43-4ae8-9f0b-0c8d51f7a0e2', activityId: 'a' };

/** Signed by others, cut, changed in one byte, or noise. */
function forged(index: number): Uint8Array {
  const bytes = signer.sign({ id, scheduleOffset: index, attempt: 1, stamp: 1 });
  switch (index % 4) {
    case 0:
      return bytes;
    case 1:
      return bytes.subarray(0, randomInt(1, bytes.length));
    case 2:
      return bytes.with(randomInt(bytes.length), randomInt(256));
    default:
      return randomBytes(randomInt(1, 120));
  }
}

/** Whether the token is accepted. @throws (rejects) whatever is no word about the token: a gateway that is gone refuses nothing. */
type Check = (token: Uint8Array) => Promise<boolean>;

const verifier = createTokenSigner('the secret of this cluster, known to nobody');
const checkHere: Check = (token) => {
  try {
    verifier.verify(token);
    return Promise.resolve(true);
  } catch {
    return Promise.resolve(false);
  }
};

const path = '/temporal.api.workflowservice.v1.WorkflowService/RespondActivityTaskCompleted';
const metadata = new Metadata();
const checkAt =
  (client: Client): Check =>
  (taskToken) => {
    const { RespondActivityTaskCompletedRequest: request } = temporal;
    const encode = (token: Uint8Array): Buffer => Buffer.from(request.encode({ taskToken: token }).finish());
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        encode,
        (bytes) => bytes,
        taskToken,
        metadata,
        (error) => {
          if (error === null || error.code === status.INVALID_ARGUMENT) resolve(error === null);
          else reject(error);
        },
      );
    });
  };

async function run(count: number, address: string | undefined): Promise<void> {
  const client = address === undefined ? undefined : new Client(address, credentials.createInsecure());
  const check = client === undefined ? checkHere : checkAt(client);
  const latenciesMs: number[] = [];
  let accepted = 0;
  let next = 0;
  const loop = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const token = forged(index);
      const begun = performance.now();
      if (await check(token)) accepted++;
      latenciesMs.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: client === undefined ? 1 : 8 }, loop));
  client?.close();
  const p99 = String(percentiles(latenciesMs).p99Ms);
  process.stdout.write(`${String(count)} forged tokens: ${String(accepted)} accepted; p99 of a refusal ${p99} ms\n`);
}

if (values.help) process.stdout.write(`${usage}\n`);
else await run(wholeOf('count', values.count), values.address);
