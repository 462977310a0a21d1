import { Module, type DynamicModule } from '@nestjs/common';
import { ServiceKitModule, type RunnerTools } from '@ratchet/service-kit';
import { createTimeoutTrackerRunner } from './timeout-tracker.runner.ts';
import type { TimeoutTrackerConfig } from './timeout-tracker.config.ts';

/** Wiring only: the doorman's module, and how the runner of this service is made. */
@Module({})
export class TimeoutTrackerModule {
  static create(config: TimeoutTrackerConfig, tools: RunnerTools<TimeoutTrackerConfig>): DynamicModule {
    return {
      module: TimeoutTrackerModule,
      imports: [ServiceKitModule.create(tools, (runnerTools) => createTimeoutTrackerRunner(config, runnerTools))],
    };
  }
}
