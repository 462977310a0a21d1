import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
const address = process.argv[2];
const taskQueue = process.argv[3] ?? 'hello';
const t0 = performance.now();
const say = (...a) => console.log(((performance.now() - t0) / 1000).toFixed(2), ...a);
const connection = await Connection.connect({ address });
const client = new Client({ connection });
say('client connected');
const nc = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection: nc,
  taskQueue,
  activities: {
    greet: async (n) => `Hello, ${n}!`,
    fail: async () => {
      throw new Error('no');
    },
  },
});
say('worker made');
const running = worker.run();
for (let i = 0; i < 20; i++) {
  const s = performance.now();
  const r = await client.activity.execute('greet', {
    id: 'g' + i + Date.now(),
    taskQueue,
    args: ['x' + i],
    startToCloseTimeout: '10s',
  });
  say(r, (performance.now() - s).toFixed(1), 'ms');
}
try {
  await client.activity.execute('fail', {
    id: 'f' + Date.now(),
    taskQueue,
    startToCloseTimeout: '10s',
    retry: { maximumAttempts: 1 },
  });
} catch (e) {
  say(e.name, e.message, e.cause?.message);
}
const h = await client.activity.start('greet', {
  id: 'd' + Date.now(),
  taskQueue: 'nobody',
  args: ['x'],
  startToCloseTimeout: '10s',
  summary: 'hi',
});
say(JSON.stringify(await h.describe(), (k, v) => (typeof v === 'bigint' ? String(v) : v)).slice(0, 1500));
await h.cancel('why');
try {
  await h.result();
} catch (e) {
  say(e.name, e.cause?.name, e.cause?.message);
}
worker.shutdown();
await running;
say('worker stopped');
await nc.close();
await connection.close();
say('closed');
