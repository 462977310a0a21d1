import { Client, Connection } from '@temporalio/client';
import type * as activities from './activities.ts';

const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233' });
const client = new Client({ connection }).activity.typed<typeof activities>();

const greeting = await client.execute('greet', {
  id: `greet-${String(Date.now())}`,
  taskQueue: 'standalone-activity',
  startToCloseTimeout: '10s',
  args: ['TypeScript'],
});
process.stdout.write(`${greeting}\n`);

const handle = await client.start('greet', {
  id: `greet-later-${String(Date.now())}`,
  taskQueue: 'standalone-activity',
  startToCloseTimeout: '10s',
  args: ['whoever waits'],
});
process.stdout.write(`${await handle.result()}\n`);
await connection.close();
