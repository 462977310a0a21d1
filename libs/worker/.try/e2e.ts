import { Worker, Context, ApplicationFailure } from '@ratchet/worker';
import { ActivityClient } from '../../client/src/index.ts';
const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registry = '' } = process.env;
const taskQueue = `try-${process.pid}`;
const activities = {
  greet: async (name: string) => `Hello ${name}`,
  flaky: async () => { const { attempt } = Context.current().info; if (attempt < 3) throw ApplicationFailure.create({ message: `no ${attempt}`, nextRetryDelay: 50 }); return attempt; },
  fails: async () => { throw ApplicationFailure.nonRetryable('no way', 'Never', { a: 1 }); },
  cancelMe: async () => { const c = Context.current(); for (;;) { c.heartbeat('x'); await c.sleep(100); } },
};
const t0 = performance.now();
const worker = await Worker.create({ brokers, registry, taskQueue, activities, log: (l, m, f) => console.log(l, m, f ?? '') });
console.log('worker', performance.now() - t0);
const running = worker.run();
const client = await ActivityClient.connect({ brokers, registry });
console.log('client', performance.now() - t0);
const o = { taskQueue, timeouts: { startToClose: '30s' } } as const;
const t1 = performance.now();
console.log(await client.execute('greet', { ...o, args: ['Ada'] }), performance.now() - t1);
for (let i = 0; i < 50; i++) await client.execute('greet', { ...o, args: ['Ada'] });
const lat: number[] = [];
for (let i = 0; i < 200; i++) { const t = performance.now(); await client.execute('greet', { ...o, args: ['Ada'] }); lat.push(performance.now() - t); }
lat.sort((a, b) => a - b); console.log('p50', lat[100], 'p99', lat[198]);
console.log(await client.execute('flaky', o));
console.log(await client.execute('fails', o).catch((e: unknown) => e));
const h = await client.start('cancelMe', { ...o, timeouts: { startToClose: '30s', heartbeat: '1s' } });
setTimeout(() => void h.cancel('please'), 1000);
console.log(await h.result().catch((e: unknown) => e));
console.log(await h.describe());
await client.close();
worker.shutdown();
await running;
console.log('done', performance.now() - t0);
