import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { LoggerModule } from 'nestjs-pino';
import { HealthController } from './health.controller.ts';
import { MetricsController } from './metrics.controller.ts';
import { PartitionTransport } from './partition-transport.ts';
import type { RunnerFactory, RunnerTools } from './service-runner.ts';
import { SERVICE_METRICS } from './tokens.ts';

/** Health, metrics, log and the transport of one service. Its module imports this and says only how its runner is made. */
@Module({})
export class ServiceKitModule {
  static create<C>(tools: RunnerTools<C>, createRunner: RunnerFactory<C>): DynamicModule {
    const { log, metrics } = tools;
    return {
      module: ServiceKitModule,
      imports: [
        LoggerModule.forRoot({ pinoHttp: { logger: log, autoLogging: false } }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: SERVICE_METRICS, useValue: metrics },
        { provide: PartitionTransport, useFactory: () => new PartitionTransport(() => createRunner(tools), metrics) },
      ],
      exports: [PartitionTransport],
    };
  }
}
