import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { LoggerModule } from 'nestjs-pino';
import { HealthController } from './health.controller.ts';
import { MetricsController } from './metrics.controller.ts';
import { PartitionTransport } from './partition-transport.ts';
import { createServiceMetrics } from './service-metrics.ts';
import type { RunnerFactory } from './service-runner.ts';
import type { ServiceTools } from './service-tools.ts';
import { SERVICE_METRICS } from './tokens.ts';

/** Health, metrics, log and the transport of one service. Its module imports this and says only how its runner is made. */
@Module({})
export class ServiceKitModule {
  static create({ name, log, fail }: ServiceTools, createRunner: RunnerFactory): DynamicModule {
    const metrics = createServiceMetrics(name);
    return {
      module: ServiceKitModule,
      imports: [
        LoggerModule.forRoot({ pinoHttp: { logger: log, autoLogging: false } }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: SERVICE_METRICS, useValue: metrics },
        {
          provide: PartitionTransport,
          useFactory: () => new PartitionTransport(createRunner, { name, log, metrics, fail }),
        },
      ],
      exports: [PartitionTransport],
    };
  }
}
