import { runService } from '@ratchet/service-kit';
import { schedulerSettings } from './scheduler.config.ts';
import { SchedulerModule } from './scheduler.module.ts';

await runService({
  name: 'scheduler',
  settings: schedulerSettings,
  createModule: (config, tools) => SchedulerModule.create(config, tools),
});
