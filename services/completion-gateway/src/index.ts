export { CompletionGatewayModule } from './completion-gateway.module.ts';
