import { setFlagsFromString } from 'node:v8';
import { runService } from '@ratchet/service-kit';
import { schedulerSettings } from './scheduler.config.ts';
import { SchedulerModule } from './scheduler.module.ts';

// All executions are in its heap. By V8's own measure it needs a hundred megabytes more at its peak.
setFlagsFromString('--heap-growing-percent=50');

await runService({
  name: 'scheduler',
  settings: schedulerSettings,
  createModule: (config, tools) => SchedulerModule.create(config, tools),
});
