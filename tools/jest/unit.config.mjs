import { preset } from '../../jest.preset.mjs';
import { ROOT, projectsWith, reporters } from './projects.mjs';

/** Tests without I/O, of all packages. */
export default {
  rootDir: ROOT,
  projects: await projectsWith(preset.testMatch),
  reporters: reporters('unit'),
  maxWorkers: 2,
};
