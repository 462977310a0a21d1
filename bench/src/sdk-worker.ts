import { NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = 'localhost:7233', taskQueue = 'bench'] = process.argv.slice(2);

Runtime.install({
  logger: {
    log: () => undefined,
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message: string) => void process.stderr.write(`${message}\n`),
  },
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  maxConcurrentActivityTaskExecutions: 300,
  maxConcurrentActivityTaskPolls: 100,
  activities: { noop: (value: string): Promise<string> => Promise.resolve(value) },
});
const stop = (): void => {
  worker.shutdown();
};
process.once('SIGTERM', stop).once('disconnect', stop);
await worker.run();
await connection.close();
