export { domainDriver } from './domain-driver.ts';
export { everyTrace } from './every-trace.ts';
export { simulatedDriver } from './simulation/simulated-driver.ts';
export * from './trace.ts';
