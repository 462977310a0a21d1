import 'reflect-metadata';
import type { DynamicModule, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { guardHealthDoor, healthServerOptions } from './health-door.ts';
import { protectHealth } from './http-safety.ts';
import { listenAt, PortInUseError } from './listen-at.ts';
import { LiveConfig } from './live-config.ts';
import { PartitionTransport } from './partition-transport.ts';
import { readConfig } from './read-config.ts';
import type { ConfigOf, Settings } from './setting.ts';
import { createServiceLog, type ServiceLog } from './service-log.ts';
import { createServiceMetrics } from './service-metrics.ts';
import type { RunnerTools } from './service-runner.ts';
import { startTracing, type ServiceTracing } from './service-tracing.ts';
import type { ServiceConfig } from './settings.ts';
import { whenAskedToStop } from './when-asked-to-stop.ts';

const STOP_MS_MAX = 15_000;
/** sysexits' EX_CONFIG: to start it again would be of no use. */
const WRONG_SETTINGS_CODE = 78;

export interface ServicePlan<S extends Settings> {
  /** As in `scheduler`: names the log, the metrics and the process. */
  readonly name: string;
  readonly settings: S;
  readonly createModule: (config: ConfigOf<S>, tools: RunnerTools<ConfigOf<S>>) => DynamicModule;
}

/**
 * Runs a service until it is asked to stop: by SIGTERM, by SIGINT, or by the end of the process that started it.
 *
 * Health and metrics answer first, then the service connects. On SIGHUP, and when a file that a setting names has changed,
 * settings are read again (see `LiveConfig`). It ends with code 0 after a stop, in which it finishes what is in hand, with
 * code 78 and a message when its settings are wrong or are not those of its cluster, and with code 1 and a message when
 * something fatal happens.
 */
export async function runService<S extends Settings>(plan: ServicePlan<S>): Promise<void> {
  process.title = `ratchet ${plan.name}`;
  const { config, log, live, metrics } = prepare(plan);
  const fail = (error: unknown): void => {
    crash(log, error);
  };
  process.once('uncaughtException', fail);
  process.once('unhandledRejection', fail);
  process.on('SIGHUP', () => {
    live.reload('SIGHUP');
  });
  const stopping = new AbortController();
  try {
    await live.watch();
    const tracing = await startTracing({ name: plan.name, endpoint: config.otlpEndpoint, log, metrics });
    const tools = { name: plan.name, log, metrics, changes: live, signal: stopping.signal, fail };
    const app = await openDoor(plan.createModule(config, tools), config, log);
    whenAskedToStop((reason) => {
      stopping.abort();
      void stop(app, tracing, log, reason);
    });
    await app.startAllMicroservices();
    // Only now: what Nest says of its own start is of no use to anyone.
    app.useLogger(app.get(Logger));
    log.info({ environment: config.environment, partitions: config.partitions }, `${plan.name} has started`);
  } catch (error) {
    // A start that a stop cuts short fails, and the stop goes on.
    if (!stopping.signal.aborted) fail(error);
  }
}

function prepare<S extends Settings>({ name, settings }: ServicePlan<S>) {
  try {
    const read = () => readConfig(name, settings, process.env);
    const start = read();
    const config = start.config as ConfigOf<S> & ServiceConfig;
    const log = createServiceLog(name, config);
    for (const warning of start.warnings) log.warn(warning);
    const metrics = createServiceMetrics(name);
    const reloads = metrics.counter('ratchet_settings_reloads_total', 'Settings that were read again', ['result']);
    metrics.gauge('ratchet_partitions', 'Partitions that must have an owner in each service', () => config.partitions);
    const counted = (result: string): void => {
      reloads.inc({ result });
    };
    return { config, log, metrics, live: new LiveConfig(start, { settings, read, log, counted }) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(WRONG_SETTINGS_CODE);
  }
}

async function openDoor(
  module: DynamicModule,
  config: ServiceConfig,
  log: ServiceLog,
): Promise<NestFastifyApplication> {
  const options: Pick<NestApplicationOptions, 'logger' | 'abortOnError'> = {
    logger: ['warn', 'error', 'fatal'],
    abortOnError: false,
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    new FastifyAdapter(healthServerOptions),
    options,
  );
  guardHealthDoor(app.getHttpAdapter().getInstance());
  protectHealth(app.getHttpAdapter().getInstance(), config.healthHost);
  app.connectMicroservice({ strategy: app.get(PartitionTransport) });
  const { healthHost: host, healthPort: port } = config;
  const address = { host, port, hostVariable: 'RATCHET_HEALTH_HOST', portVariable: 'RATCHET_HEALTH_PORT' } as const;
  await listenAt(address, () => app.listen(port, host));
  const healthUrl = `${await app.getUrl()}/health/ready`;
  log.info({ healthUrl }, 'health and metrics answer');
  process.send?.({ type: 'listening', healthUrl });
  return app;
}

async function stop(
  app: NestFastifyApplication,
  tracing: ServiceTracing,
  log: ServiceLog,
  reason: string,
): Promise<void> {
  log.info(`stopping: ${reason}`);
  setTimeout(() => {
    crash(log, new Error(`Expected to stop within ${String(STOP_MS_MAX)} ms, but work is still in hand`));
  }, STOP_MS_MAX).unref();
  try {
    await app.close();
    await tracing.stop();
    log.info('stopped');
    process.exit(0);
  } catch (error) {
    crash(log, error);
  }
}

/** Of an error with a code the message says all there is to do; of any other one the stack is wanted. */
function crash(log: ServiceLog, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined) log.fatal({ err: error }, message);
  else log.fatal(message);
  const end = (): void => process.exit(code !== undefined && ofSettings.test(code) ? WRONG_SETTINGS_CODE : 1);
  // Whoever started the service may choose another port, and must hear of it before the channel is closed.
  if (error instanceof PortInUseError && process.send !== undefined)
    process.send({ type: 'port-in-use', variable: error.variable }, undefined, undefined, end);
  else end();
}

/** A setting is wrong, is not the cluster's, or is not that of a topic. */
const ofSettings = /^RKT(?:13..|1003)$/;

/** Errors of the registry have codes, too, and are of another class. */
const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('RKT')
    ? error.code
    : undefined;
