import { Module, type DynamicModule } from '@nestjs/common';
import { ServiceKitModule, type RunnerTools } from '@ratchet/service-kit';
import { createSchedulerRunner } from './scheduler.runner.ts';
import type { SchedulerConfig } from './scheduler.config.ts';

/** Wiring only: the doorman's module, and how the runner of this service is made. */
@Module({})
export class SchedulerModule {
  static create(config: SchedulerConfig, tools: RunnerTools<SchedulerConfig>): DynamicModule {
    return {
      module: SchedulerModule,
      imports: [ServiceKitModule.create(tools, (runnerTools) => createSchedulerRunner(config, runnerTools))],
    };
  }
}
