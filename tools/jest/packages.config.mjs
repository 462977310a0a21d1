import { join } from 'node:path';
import { ROOT, onBroker, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** What users install: packed, installed outside the workspace, compiled and run there, on a broker. */
export default {
  rootDir: ROOT,
  projects: onBroker(await projectsWith(['<rootDir>/src/**/*.install.spec.ts'], { testTimeout })),
  reporters: reporters('packages'),
  globalSetup: join(import.meta.dirname, 'broker-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'teardown.mjs'),
  maxWorkers: 1,
  testTimeout,
};
