import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { PartitionTransport } from './partition-transport.ts';

/** Else it loads the whole of `@nestjs/swagger` where a service of the installation has it: a tenth of a start. */
const undocumented = { noCache: true, swaggerDocumentation: false };

/**
 * `/health/started`: it is configured and connected. `/health/live`: the process answers, hears its groups as far as a broker
 * can be heard, and gets on with the work of its partitions; else 503, and only a restart may help. `/health/ready`: its
 * partitions are owned and restored, its groups hear it, and who asks schedulers is answered; else 503 and what is missing.
 */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly checks: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(PartitionTransport) private readonly transport: PartitionTransport,
  ) {}

  @Get('started')
  @HealthCheck(undocumented)
  started(): Promise<HealthCheckResult> {
    return this.checks.check([
      () => {
        const { ready, details } = this.transport.started();
        const indicator = this.indicators.check('connections');
        return ready ? indicator.up(details) : indicator.down(details);
      },
    ]);
  }

  @Get('live')
  @HealthCheck(undocumented)
  live(): Promise<HealthCheckResult> {
    return this.checks.check([
      () => {
        const { alive, details } = this.transport.liveness();
        const indicator = this.indicators.check('members');
        return alive ? indicator.up(details) : indicator.down(details);
      },
    ]);
  }

  @Get('ready')
  @HealthCheck(undocumented)
  ready(): Promise<HealthCheckResult> {
    return this.checks.check([
      () => {
        const { ready, details } = this.transport.readiness();
        const indicator = this.indicators.check('partitions');
        return ready ? indicator.up(details) : indicator.down(details);
      },
    ]);
  }
}
