import { Worker } from '@ratchet/worker';
import { ActivityClient } from '../../client/src/index.ts';
const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registry = '' } = process.env;
const taskQueue = `try-${process.pid}`;
const width = Number(process.argv[2] ?? 0); const n = Number(process.argv[3] ?? 300);
const activities = { greet: async (name: string) => name };
const worker = await Worker.create({ brokers, registry, taskQueue, activities, maxConcurrentActivities: 1000, log: () => undefined });
const running = worker.run();
const client = await ActivityClient.connect({ brokers, registry });
const o = { taskQueue, timeouts: { startToClose: '30s' } } as const;
const one = async (lat: number[]) => { const t = performance.now(); await client.execute('greet', { ...o, args: ['x'.repeat(200)] }); lat.push(performance.now() - t); };
for (let i = 0; i < 50; i++) await one([]);
const lat: number[] = [];
for (let i = 0; i < n; i++) await one(lat);
lat.sort((a, b) => a - b); console.log('seq p50', lat[n >> 1]!.toFixed(1), 'p90', lat[(n * 0.9) | 0]!.toFixed(1), 'p99', lat[(n * 0.99) | 0]!.toFixed(1));
if (width > 0) {
  for (const seconds of [3, 6]) { const l: number[] = []; const end = performance.now() + seconds * 1000; const t = performance.now();
  await Promise.all(Array.from({ length: width }, async () => { while (performance.now() < end) await one(l); }));
  l.sort((a, b) => a - b); console.log('width', width, 'per s', Math.round(l.length / ((performance.now() - t) / 1000)), 'p50', l[l.length >> 1]!.toFixed(0), 'p99', l[(l.length * 0.99) | 0]!.toFixed(0)); }
}
const t = performance.now();
await client.close(); console.log('client closed', performance.now() - t);
worker.shutdown(); await running; console.log('worker closed', performance.now() - t);
