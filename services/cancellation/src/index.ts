export { CancellationModule } from './cancellation.module.ts';
