export { domainDriver } from './domain-driver.ts';
export { operatorTraces } from './operator-traces.ts';
export * from './trace.ts';
export { traces } from './traces.ts';
