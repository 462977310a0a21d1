export const SERVICE_METRICS = Symbol('service metrics');
