import { join } from 'node:path';
import { ROOT, onBroker, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** What takes a minute and more: a member's whole life, races, launchers and the drill, one after the other. */
export default {
  rootDir: ROOT,
  projects: onBroker(await projectsWith(['<rootDir>/src/**/*.long.spec.ts'], { testTimeout })),
  reporters: reporters('long'),
  globalSetup: join(import.meta.dirname, 'broker-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'teardown.mjs'),
  maxWorkers: 1,
  testTimeout,
};
