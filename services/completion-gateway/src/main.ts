import { runService } from '@ratchet/service-kit';
import { completionGatewaySettings } from './completion-gateway.config.ts';
import { CompletionGatewayModule } from './completion-gateway.module.ts';

await runService({
  name: 'completion-gateway',
  settings: completionGatewaySettings,
  createModule: (config, tools) => CompletionGatewayModule.create(config, tools),
});
