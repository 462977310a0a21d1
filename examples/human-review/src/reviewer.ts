import { setTimeout as pause } from 'node:timers/promises';
import { ActivityClient } from '@ratchet/client';
import { collect, type Letter } from './mailbox.ts';

/** The process outside, where a human decides: `reviewer.js <mailbox>`. */

const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registry = '' } = process.env;
const [mailbox = ''] = process.argv.slice(2);
const client = await ActivityClient.connect({ brokers, registry, identity: 'the reviewer' });

async function answer({ answerBy, workflowId, runId, activityId }: Letter): Promise<void> {
  if (answerBy === 'completion') await client.complete({ workflowId, runId, activityId }, 'approved');
  // The activity's id as the signal's: a reviewer who is asked twice is heard once.
  else await client.signal(workflowId, runId, 'verdict', ['approved'], { signalId: activityId });
}

while (process.connected) {
  for (const letter of collect(mailbox)) await answer(letter);
  await pause(100);
}
await client.close();
