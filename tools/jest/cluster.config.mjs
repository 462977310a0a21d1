import { join } from 'node:path';
import { ROOT, onBroker, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** Tests on three brokers, of all packages, one after the other: they measure times, and the machine has few cores. */
export default {
  rootDir: ROOT,
  projects: onBroker(await projectsWith(['<rootDir>/src/**/*.cluster.spec.ts'], { testTimeout })),
  reporters: reporters('cluster'),
  globalSetup: join(import.meta.dirname, 'cluster-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'teardown.mjs'),
  maxWorkers: 1,
  testTimeout,
};
