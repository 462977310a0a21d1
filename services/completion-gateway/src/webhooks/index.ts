export { webhookSettings, type Webhook } from './webhooks.settings.ts';
