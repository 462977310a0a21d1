import { Registry, collectDefaultMetrics } from 'prom-client';

/** The metrics of one service; `/metrics` shows all that was registered here. */
export interface ServiceMetrics {
  readonly registry: Registry;
}

/** Those of the process itself (memory, event loop, garbage collection) are always there. */
export function createServiceMetrics(service: string): ServiceMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return { registry };
}
