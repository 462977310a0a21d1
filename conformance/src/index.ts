export { domainDriver } from './domain-driver.ts';
export { everyTrace } from './every-trace.ts';
export * from './trace.ts';
