import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ActivityClient } from '@ratchet/client';
import { required, sayReady, whenToStop } from './child.ts';
import { collect, type Letter } from './mailbox.ts';
import type { ApprovalResult } from './waiting.ts';

/** The process outside: `outside.js <mailbox>`. It takes letters out of the mailbox and completes their activities. */

const [mailbox = ''] = process.argv.slice(2);
const lookEveryMs = 100;
/** So that one can see the activities wait. */
const thinkMs = 1_000;

const client = await ActivityClient.connect({
  brokers: required('KAFKA_BROKERS'),
  registry: required('SCHEMA_REGISTRY_URL'),
});

async function answer({ activityId, taskToken, text }: Letter): Promise<void> {
  await pause(thinkMs);
  const approval = { sha256: createHash('sha256').update(text).digest('hex'), pid: process.pid };
  const completedBy = taskToken === undefined ? 'ids' : 'task token';
  await client.complete(taskToken ?? { activityId }, { ...approval, completedBy } satisfies ApprovalResult);
}

const stopping = new AbortController();
whenToStop(() => {
  stopping.abort();
});
sayReady();
while (!stopping.signal.aborted) {
  await Promise.all(collect(mailbox).map(answer));
  await pause(lookEveryMs);
}
await client.close();
