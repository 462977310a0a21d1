import { join } from 'node:path';
import { ROOT, onBroker, projectsWith, reporters } from './projects.mjs';

const testTimeout = 120_000;

/** Tests on a real broker, of all packages: two files at once, each on a broker of its own; on a named one, one file after the other. */
export default {
  rootDir: ROOT,
  projects: onBroker(await projectsWith(['<rootDir>/src/**/*.broker.spec.ts'], { testTimeout })),
  reporters: reporters('broker'),
  globalSetup: join(import.meta.dirname, 'broker-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'teardown.mjs'),
  testSequencer: join(import.meta.dirname, 'long-first.mjs'),
  maxWorkers: process.env.KAFKA_BROKERS ? 1 : 2,
  testTimeout,
};
