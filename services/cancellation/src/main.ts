import { runService } from '@ratchet/service-kit';
import { cancellationSettings } from './cancellation.config.ts';
import { CancellationModule } from './cancellation.module.ts';

await runService({
  name: 'cancellation',
  settings: cancellationSettings,
  createModule: (config, tools) => CancellationModule.create(config, tools),
});
