export {
  comingInAs,
  grantAll,
  securityEnvironment,
  startRatchet,
  type ComingIn,
  type RunningRatchet,
  type StartRatchetOptions,
} from './start-ratchet.ts';
export { preferQuickStart } from './quick-start.ts';
export { residentMiB } from './resident-memory.ts';
export { ServiceProcess, type Doors, type ServiceProcessOptions } from './service-process.ts';
export { mainOf, services, type ServiceName } from './services.ts';
