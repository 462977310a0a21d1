import { runService } from '@ratchet/service-kit';
import { timeoutTrackerSettings } from './timeout-tracker.config.ts';
import { TimeoutTrackerModule } from './timeout-tracker.module.ts';

await runService({
  name: 'timeout-tracker',
  settings: timeoutTrackerSettings,
  createModule: (config, tools) => TimeoutTrackerModule.create(config, tools),
});
