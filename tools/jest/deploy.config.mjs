import { ROOT, projectsWith, reporters } from './projects.mjs';

const testTimeout = 120_000;

/** What is deployed: the chart, rendered by Helm and compared with what Kubernetes takes. Helm is brought once. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(['<rootDir>/src/**/*.deploy.spec.ts'], { testTimeout }),
  reporters: reporters('deploy'),
  maxWorkers: 1,
  testTimeout,
};
