import { join } from 'node:path';
import { ROOT, projectsWith, reporters } from './projects.mjs';

const testTimeout = 120_000;

/** Tests on a real broker, of all packages, one after the other: they measure times, and the machine has few cores. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(['<rootDir>/src/**/*.broker.spec.ts'], { testTimeout }),
  reporters: reporters('broker'),
  globalSetup: join(import.meta.dirname, 'broker-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'teardown.mjs'),
  maxWorkers: 1,
  testTimeout,
};
