import { ActivityClient } from '@ratchet/client';
import type * as activities from './activities.js';

const { KAFKA_BROKERS: brokers = '127.0.0.1:9092', SCHEMA_REGISTRY_URL: registry = '' } = process.env;

async function main(): Promise<void> {
  const client = await ActivityClient.connect({ brokers, registry });
  const greeting = await client.execute<typeof activities>('greet', {
    taskQueue: 'greetings',
    args: ['Ada'],
    timeouts: { startToClose: '10s' },
  });
  process.stdout.write(`${greeting}\n`);
  await client.close();
}

void main();
