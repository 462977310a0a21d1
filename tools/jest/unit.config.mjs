import { preset } from '../../jest.preset.mjs';
import { ROOT, projectsWith, reporters } from './projects.mjs';

/** No test measures time: one that is slow on a busy machine is no failure, one that never ends is. */
const testTimeout = 60_000;

/** Tests without I/O, of all packages. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(preset.testMatch, { testTimeout }),
  reporters: reporters('unit'),
  maxWorkers: 2,
  testTimeout,
};
