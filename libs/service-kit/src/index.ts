export { clusterSettings, type ClusterSettings } from './cluster-settings.ts';
export { parseExactJson } from './exact-json.ts';
export { followTokenKeys } from './follow-token-keys.ts';
export { hostPattern, isHostIn, isLoopback, refuseForeign, securityHeaders } from './http-safety.ts';
export { installationOf, kafkaConnectionOf } from './kafka-connection.ts';
export { LiveConfig, type SettingsChanges } from './live-config.ts';
export { listenAt, type ListenAddress } from './listen-at.ts';
export { missingRights, processorRunner, type ProcessorParts } from './processor-runner.ts';
export { readConfig, type ReadConfig, type Variables } from './read-config.ts';
export { runService, type ServicePlan } from './run-service.ts';
export { ServiceKitModule } from './service-kit.module.ts';
export { startTracing, type ServiceTracing, type ServiceTracingParts } from './service-tracing.ts';
export type { ServiceLog } from './service-log.ts';
export { createServiceMetrics, type ServiceMetrics } from './service-metrics.ts';
export type { Readiness, RunnerFactory, RunnerTools, ServiceRunner } from './service-runner.ts';
export {
  inEvery,
  json,
  openUrl,
  pem,
  wholeNumber,
  type ConfigOf,
  type Environment,
  type Setting,
  type Settings,
} from './setting.ts';
export {
  gatewayVariables,
  knownVariables,
  serviceSettings,
  taskQueueLimits,
  taskRetentionMs,
  tokenKeyRing,
  tokenKeys,
  tokenSecret,
  type ServiceConfig,
  type TokenKeySetting,
} from './settings.ts';
export { developmentSecrets, webhookSecretBytes } from './weak-secret.ts';
