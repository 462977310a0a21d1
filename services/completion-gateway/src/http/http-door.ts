import 'reflect-metadata';
import { Server as SecureServer } from 'node:tls';
import { Module, type DynamicModule, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { Tracing } from '@ratchet/kafka';
import type { Environment, ServiceLog } from '@ratchet/service-kit';
import type { Authenticator } from '../auth/authenticator.ts';
import { secureContext, type CallAudit } from '../auth/index.ts';
import type { TlsConfig } from '../auth/auth.settings.ts';
import type { CallbackPolicy } from '../callbacks/callback-policy.ts';
import type { FrontDoor } from '../front-door/index.ts';
import type { Limits } from '../limits/index.ts';
import type { CallMetrics } from '../call-metrics.ts';
import { ActivitiesController } from './activities.controller.ts';
import { AttemptReports } from './attempt-reports.ts';
import { AttemptsByIdController, AttemptsByTokenController } from './attempts.controller.ts';
import { EarlyAnswers } from './early-answers.ts';
import type { HttpSettings } from './http.settings.ts';
import { writeJson } from './json-text.ts';
import { ProblemFilter } from './problem.filter.ts';
import { protect } from './protect.ts';
import { bodyBytesMax, RequestGate } from './request-gate.ts';
import { traceRequests } from './request-context.ts';
import { RunsController } from './runs.controller.ts';
import { ATTEMPT_REPORTS, CALLBACK_POLICY, FRONT_DOOR, WEBHOOKS } from './tokens.ts';
import { validation } from './validation.ts';
import { WebhookDeliveries } from '../webhooks/webhook-deliveries.ts';
import { WebhooksController } from '../webhooks/webhooks.controller.ts';
import type { Webhook } from '../webhooks/webhooks.settings.ts';

export interface HttpDoorParts {
  readonly settings: HttpSettings & { readonly environment: Environment };
  readonly frontDoor: FrontDoor;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly tls?: TlsConfig | undefined;
  /** Those that are taken; none by default. */
  readonly webhooks?: () => readonly Webhook[];
  /** Which callbacks may be asked for; none by default. */
  readonly callbacks?: () => CallbackPolicy;
  readonly log: ServiceLog;
  /** Told of who is not let in. */
  readonly audit: Pick<CallAudit, 'refused'>;
  /** Absent: requests are not counted. */
  readonly metrics?: CallMetrics | undefined;
  /** Absent: requests have no spans. */
  readonly tracing?: Tracing | undefined;
}

/** A door that is open. */
export interface HttpDoor {
  readonly url: string;
  /** Shows this certificate to connections that are made from now on, where there was one before. */
  useTls(tls: TlsConfig): void;
  /** Takes no more requests and ends those that wait; resolves when all are answered. */
  close(): Promise<void>;
}

/** An id of 1000 bytes, each percent-encoded. */
const parameterLengthMax = 3100;
const headersMsMax = 20_000;
/** How often it is seen whether headers are late. */
const lookMs = 5_000;

const nestOptions: Pick<NestApplicationOptions, 'logger' | 'abortOnError' | 'bodyParser' | 'forceCloseConnections'> = {
  logger: ['warn', 'error', 'fatal'],
  abortOnError: false,
  bodyParser: false,
  forceCloseConnections: true,
};

@Module({})
class HttpModule {}

/** REST, with its own description at `/docs` and `/openapi.json`; answers once this resolves. */
export async function openHttpDoor(parts: HttpDoorParts): Promise<HttpDoor> {
  const { settings, log, authenticator, limits, frontDoor } = parts;
  const reports = new AttemptReports(frontDoor);
  const webhooks = new WebhookDeliveries({ webhooks: parts.webhooks ?? none, reports, runs: frontDoor.runs });
  const module = moduleOf(parts, reports, webhooks);
  const early = new EarlyAnswers(limits.refused);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapterOf(parts, early), nestOptions);
  app.useGlobalPipes(validation());
  app.useGlobalFilters(new ProblemFilter(log, parts.audit));
  const instance = app.getHttpAdapter().getInstance();
  instance.setReplySerializer(writeJson);
  if (parts.metrics !== undefined) count(instance, parts.metrics);
  if (parts.tracing !== undefined) traceRequests(instance, parts.tracing);
  protect(instance, { authenticator, names: settings.httpAllowedHosts, environment: settings.environment });
  early.guard(instance);
  new RequestGate({ authenticator, limits, webhooks }).guard(instance);
  describeApi(app);
  await app.listen(settings.httpPort, settings.httpHost);
  const { server } = instance;
  return {
    url: await app.getUrl(),
    useTls: (tls) => {
      if (server instanceof SecureServer) server.setSecureContext(secureContext(tls));
    },
    close: () => app.close(),
  };
}

/** By method and path of the route: a path has ids in it, and each would be a series of its own. */
function count(instance: FastifyInstance, metrics: CallMetrics): void {
  const open = new WeakMap<FastifyRequest['raw'], ReturnType<CallMetrics['begin']>>();
  instance.addHook('onRequest', ({ raw, routeOptions }, _reply, done) => {
    const { method, url } = routeOptions;
    open.set(raw, metrics.begin('http', url === undefined ? 'unknown' : `${String(method)} ${url}`));
    done();
  });
  const end = ({ raw }: FastifyRequest, errorType: string | undefined): void => {
    open.get(raw)?.(errorType);
    open.delete(raw);
  };
  instance.addHook('onResponse', (request, { statusCode }, done) => {
    end(request, statusCode < 400 ? undefined : String(statusCode));
    done();
  });
  instance.addHook('onRequestAbort', (request, done) => {
    end(request, 'CANCELLED');
    done();
  });
}

const none = (): readonly Webhook[] => [];
const noCallbacks = (): CallbackPolicy => ({ callbackSecret: '', callbackHosts: [] });

function moduleOf(
  { frontDoor, callbacks = noCallbacks }: HttpDoorParts,
  reports: AttemptReports,
  webhooks: WebhookDeliveries,
): DynamicModule {
  return {
    module: HttpModule,
    controllers: [
      ActivitiesController,
      AttemptsByIdController,
      AttemptsByTokenController,
      RunsController,
      WebhooksController,
    ],
    providers: [
      { provide: FRONT_DOOR, useValue: frontDoor },
      { provide: ATTEMPT_REPORTS, useValue: reports },
      { provide: CALLBACK_POLICY, useValue: callbacks },
      { provide: WEBHOOKS, useValue: webhooks },
    ],
  };
}

function adapterOf({ tls, limits }: HttpDoorParts, early: EarlyAnswers): FastifyAdapter {
  const options = {
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: parameterLengthMax },
    // What its body may take is up to the gate.
    requestTimeout: headersMsMax + limits.settings.arrivalMsMax,
    http: { headersTimeout: headersMsMax, connectionsCheckingInterval: lookMs },
    clientErrorHandler: early.refuseUnreadable,
    frameworkErrors: early.refuseUnroutable,
  };
  if (tls === undefined) return new FastifyAdapter(options);
  const clients = tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return new FastifyAdapter({ ...options, https: { ...secureContext(tls), ...clients } });
}

function describeApi(app: NestFastifyApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Ratchet')
    .setDescription('Activity Executions: started, seen, completed and cancelled by HTTP.')
    .setVersion('1')
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, config), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
  });
}
