import { Module, type DynamicModule } from '@nestjs/common';
import { ServiceKitModule, type RunnerTools } from '@ratchet/service-kit';
import { createCompletionGatewayRunner } from './completion-gateway.runner.ts';
import type { CompletionGatewayConfig } from './completion-gateway.config.ts';

/** Wiring only: the doorman's module, and how the runner of this service is made. */
@Module({})
export class CompletionGatewayModule {
  static create(config: CompletionGatewayConfig, tools: RunnerTools<CompletionGatewayConfig>): DynamicModule {
    return {
      module: CompletionGatewayModule,
      imports: [ServiceKitModule.create(tools, (runnerTools) => createCompletionGatewayRunner(config, runnerTools))],
    };
  }
}
