import { ROOT, projectsWith, reporters } from './projects.mjs';

const testTimeout = 300_000;

/** Faults that are really made, on a broker of their own, and a real Prometheus that must ring. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(['<rootDir>/src/**/*.alerts.spec.ts'], { testTimeout }),
  reporters: reporters('alerts'),
  maxWorkers: 1,
  testTimeout,
};
