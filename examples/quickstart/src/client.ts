import { ActivityClient } from '@ratchet/client';
import type * as activities from './activities.js';
import { connection } from './connection.js';

async function main(): Promise<void> {
  const client = await ActivityClient.connect(connection);
  const greeting = await client.execute<typeof activities>('greet', {
    taskQueue: 'greetings',
    args: ['Ada'],
    timeouts: { startToClose: '10s' },
  });
  process.stdout.write(`${greeting}\n`);
  await client.close();
}

void main();
