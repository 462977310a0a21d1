import { ROOT, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** On brokers that ask who comes, which each file starts for itself, one file after the other. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(['<rootDir>/src/**/*.secured.spec.ts'], { testTimeout }),
  reporters: reporters('secured'),
  maxWorkers: 1,
  testTimeout,
};
