import type { ServiceRunner } from './service-runner.ts';

/** The runner of a service that reads nothing: it is ready as long as it is connected. */
export function connectedRunner(cluster: { close(): Promise<void> }): ServiceRunner {
  let closing: Promise<void> | undefined;
  return {
    start: () => Promise.resolve(),
    stop: () => (closing ??= cluster.close()),
    readiness: () => ({ ready: closing === undefined, details: { inputs: 0 } }),
  };
}
