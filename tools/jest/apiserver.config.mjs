import { ROOT, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** The chart on a real API server, which is built once: what it refuses, and how pods are spread, evicted and replaced. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(['<rootDir>/src/**/*.apiserver.spec.ts'], { testTimeout }),
  reporters: reporters('apiserver'),
  maxWorkers: 1,
  testTimeout,
};
