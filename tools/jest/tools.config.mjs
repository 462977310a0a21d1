import { join } from 'node:path';
import { ROOT, onBroker, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** What starts brokers and services, and does harm to them: launchers and the drill, one after the other. */
export default {
  rootDir: ROOT,
  projects: onBroker(await projectsWith(['<rootDir>/src/**/*.tools.spec.ts'], { testTimeout })),
  reporters: reporters('tools'),
  globalSetup: join(import.meta.dirname, 'broker-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'teardown.mjs'),
  maxWorkers: 1,
  testTimeout,
};
