import { Controller, Get, Header, Inject } from '@nestjs/common';
import { SERVICE_METRICS } from './tokens.ts';
import type { ServiceMetrics } from './service-metrics.ts';

/** `/metrics`, in the text format of Prometheus. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(SERVICE_METRICS) private readonly metrics: ServiceMetrics) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  show(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
