import { join } from 'node:path';
import { ROOT, projectsWith, reporters } from './projects.mjs';

const testTimeout = 900_000;

/** Real containers, by podman and buildah: the image, the chart's pods, docker-compose.yml, and brokers of tests in containers. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(['<rootDir>/src/**/*.containers.spec.ts'], { testTimeout }),
  reporters: reporters('containers'),
  globalSetup: join(import.meta.dirname, 'containers-setup.mjs'),
  maxWorkers: 1,
  testTimeout,
};
