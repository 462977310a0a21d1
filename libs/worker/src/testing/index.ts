export { MockActivityEnvironment, type MockActivityEnvironmentOptions } from './mock-activity-environment.ts';
