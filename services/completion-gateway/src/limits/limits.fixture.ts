import { createServiceMetrics, type ServiceMetrics } from '@ratchet/service-kit';
import { createLimits, limitSettings, type Limits, type LimitSettings } from './index.ts';

/** The limits that there are where nothing is set, but for those that a test sets. */
export function limitsFor(
  settings: Partial<LimitSettings> = {},
  metrics: ServiceMetrics = createServiceMetrics('test'),
): Limits {
  const defaults = Object.entries(limitSettings).map(([name, { defaults: value }]) => [name, value.production]);
  return createLimits({ ...(Object.fromEntries(defaults) as LimitSettings), ...settings }, metrics);
}
