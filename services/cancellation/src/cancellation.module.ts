import { Module, type DynamicModule } from '@nestjs/common';
import { ServiceKitModule, type RunnerTools } from '@ratchet/service-kit';
import { createCancellationRunner } from './cancellation.runner.ts';
import type { CancellationConfig } from './cancellation.config.ts';

/** Wiring only: the doorman's module, and how the runner of this service is made. */
@Module({})
export class CancellationModule {
  static create(config: CancellationConfig, tools: RunnerTools<CancellationConfig>): DynamicModule {
    return {
      module: CancellationModule,
      imports: [ServiceKitModule.create(tools, (runnerTools) => createCancellationRunner(config, runnerTools))],
    };
  }
}
