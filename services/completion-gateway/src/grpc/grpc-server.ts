import { isIPv6 } from 'node:net';
import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { noTracing, type TraceCarrier, type TraceContext, type Tracing } from '@ratchet/kafka';
import { secureContext, type Authenticator, type CallAudit, type TlsConfig } from '../auth/index.ts';
import { messageBytesMax } from '../fields/fields.ts';
import { asFrontDoorError } from '../front-door/front-door-errors.ts';
import { FrontDoorError, type FrontDoor, type Principal } from '../front-door/index.ts';
import type { Limits } from '../limits/index.ts';
import type { CallMetrics } from '../call-metrics.ts';
import { beginRequest } from '../request-trace.ts';
import { callContext } from './call-context.ts';
import { CallGate, callers, principalOfCall } from './call-gate.ts';
import { inflateFaster } from './faster-inflation.ts';
import type { Handler, Handlers, MethodName } from './handler.ts';
import { activityHandlers } from './handlers/activity-handlers.ts';
import { attemptHandlers } from './handlers/attempt-handlers.ts';
import { clusterHandlers } from './handlers/cluster-handlers.ts';
import { namespaceHandlers } from './handlers/namespace-handlers.ts';
import { operatorHandlers } from './handlers/operator-handlers.ts';
import { runHandlers } from './handlers/run-handlers.ts';
import { unimplemented } from './handlers/unimplemented.ts';
import { workerHandlers } from './handlers/worker-handlers.ts';
import { healthDefinition, healthService, healthServiceName } from './health-service.ts';
import { addReflection } from './reflection/reflection-service.ts';
import { internalError, statusError } from './status-error.ts';
import { letGoOfEndedCalls } from './transient-streams.ts';
import { methodsOf, type MessageType } from './wire/proto.ts';
import { readRequest } from './wire/request-fields.ts';

export interface GrpcServerOptions {
  readonly frontDoor: FrontDoor;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsConfig;
  /** Told of who is not let in. */
  readonly audit: Pick<CallAudit, 'refused'>;
  /** Absent: requests are not counted. */
  readonly metrics?: CallMetrics | undefined;
  /** Absent: requests have no spans. */
  readonly tracing?: Tracing | undefined;
  /** Told of what went wrong in a call and was none of its caller's doing. */
  readonly onError: (method: string, error: unknown, trace?: TraceContext) => void;
}

export interface RunningGrpcServer {
  /** Where it listens, `host:port`. */
  readonly address: string;
  /** Shows this certificate to connections that are made from now on, where there was one before. */
  useTls(tls: TlsConfig): void;
  /** Takes no more calls, and waits a moment for those that are open. */
  stop(): Promise<void>;
}

const services = ['temporal.api.workflowservice.v1.WorkflowService', 'temporal.api.operatorservice.v1.OperatorService'];
/** A connection whose other side is gone is found out. */
const keepAliveMs = 60_000;
const stopMsMax = 3_000;

/**
 * Temporal's WorkflowService and OperatorService, as far as they are about activities, from the published definitions;
 * beside them health and reflection.
 *
 * @throws Error (rejects) when the port cannot be had.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<RunningGrpcServer> {
  const { limits } = options;
  inflateFaster(callers);
  const server = new Server({
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_connection_idle_ms': limits.settings.grpcIdleMsMax,
    'grpc.keepalive_time_ms': keepAliveMs,
    // Nobody asks for channelz, and each call is counted for it.
    'grpc.enable_channelz': 0,
  });
  const handlers = handlersOf(options.frontDoor) as HandlersByName;
  for (const service of services) addPublished(server, service, handlers, options);
  server.addService(healthDefinition, healthService(limits.healthWatches));
  addReflection(server, [...services, healthServiceName], options);
  const credentials = options.tls === undefined ? undefined : new ChangingCredentials(options.tls);
  const port = await listen(server, options, credentials ?? ServerCredentials.createInsecure());
  new CallGate(options).guard(server);
  letGoOfEndedCalls(server);
  return {
    address: at(options.host, port),
    useTls: (tls) => credentials?.use(tls),
    stop: () => stop(server),
  };
}

type HandlersByName = Partial<Readonly<Record<string, Handler<MethodName>>>>;

function addPublished(server: Server, service: string, handlers: HandlersByName, options: GrpcServerOptions): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const { name, resolvedRequestType, resolvedResponseType } of methodsOf(service)) {
    if (resolvedRequestType === null || resolvedResponseType === null) continue;
    definition[name] = definitionOf(service, name, resolvedResponseType);
    const handler = handlers[name.charAt(0).toLowerCase() + name.slice(1)];
    implementation[name] = unaryCall({ service, name, requestType: resolvedRequestType, handler, options });
  }
  server.addService(definition, implementation);
}

/** The calls that there are. */
export const handlersOf = (frontDoor: FrontDoor): Partial<Handlers> => ({
  ...clusterHandlers,
  ...activityHandlers(frontDoor.activities),
  ...attemptHandlers(frontDoor.attempts),
  ...workerHandlers(frontDoor.tasks),
  ...runHandlers(frontDoor.runs),
  ...namespaceHandlers(frontDoor.namespaces),
  ...operatorHandlers(frontDoor.namespaces),
});

// Requests are decoded by the handler, so that bytes that are no message are the caller's mistake and not ours.
const definitionOf = (service: string, name: string, responseType: MessageType): ServiceDefinition[string] => ({
  path: `/${service}/${name}`,
  requestStream: false,
  responseStream: false,
  requestDeserialize: (bytes: Buffer) => bytes,
  requestSerialize: (bytes: Buffer) => bytes,
  responseSerialize: (message: unknown) => responseType.encode(message).finish() as Buffer,
  responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
});

interface UnaryCallParts {
  readonly service: string;
  readonly name: string;
  readonly requestType: MessageType;
  readonly handler: Handler<MethodName> | undefined;
  readonly options: GrpcServerOptions;
}

function unaryCall(parts: UnaryCallParts): handleUnaryCall<Buffer, unknown> {
  return (call, respond) => {
    void answer(parts, call, respond);
  };
}

async function answer(
  { service, name, requestType, handler, options }: UnaryCallParts,
  call: ServerUnaryCall<Buffer, unknown>,
  respond: sendUnaryData<unknown>,
): Promise<void> {
  const traced = beginRequest(options.tracing ?? noTracing, traceCarrierOf(call), () => ({
    name: `${service}/${name}`,
    attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': name },
  }));
  const { context, close } = callContext(call, traced);
  let principal: Principal | undefined;
  let namespace = '';
  try {
    if (handler === undefined) throw unimplemented(service, name);
    const caller = principalOfCall(call);
    principal = caller;
    const answered = options.limits.grpc.calls.during(caller, async () => {
      const request = readRequest(requestType, call.request) as Parameters<typeof handler>[0];
      namespace = namespaceIn(request);
      return handler(request, { ...context, principal: caller });
    });
    respond(null, await answered);
    traced.end({ 'rpc.grpc.status_code': 0 });
  } catch (thrown) {
    const error = asFrontDoorError(thrown);
    if (error instanceof FrontDoorError) {
      const from = call.getPeer().replace(/:\d+$/, '');
      options.audit.refused({ door: 'grpc', what: name, namespace, principal, from, error });
      const told = statusError(error);
      const code = told.code ?? status.UNKNOWN;
      traced.end({ 'rpc.grpc.status_code': code }, isOurs(code) ? error : undefined);
      respond(told);
      return;
    }
    traced.end({ 'rpc.grpc.status_code': status.INTERNAL }, error);
    options.onError(name, error, traced.trace);
    respond(internalError());
  } finally {
    close();
  }
}

const namespaceIn = (request: object): string =>
  'namespace' in request && typeof request.namespace === 'string' ? request.namespace : '';

/** Statuses that a server's span counts as errors (OpenTelemetry, semantic conventions for gRPC); the others are its caller's. */
const isOurs = (code: status): boolean =>
  [status.UNKNOWN, status.DEADLINE_EXCEEDED, status.UNIMPLEMENTED, status.INTERNAL, status.UNAVAILABLE].includes(
    code,
  ) || code === status.DATA_LOSS;

const traceCarrierOf = ({ metadata }: ServerUnaryCall<Buffer, unknown>): TraceCarrier => ({
  traceparent: headerOf(metadata, 'traceparent'),
  tracestate: headerOf(metadata, 'tracestate'),
  baggage: headerOf(metadata, 'baggage'),
});

/** One that is there more than once is a list in several parts. */
function headerOf(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name);
  return values.length === 0 ? undefined : values.join(',');
}

const at = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;

function listen(server: Server, { host, port }: GrpcServerOptions, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(at(host, port), credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}

/** A certificate that can be replaced. Those of grpc-js can, too, but by files that it watches alone. */
class ChangingCredentials extends ServerCredentials {
  constructor(tls: TlsConfig) {
    super({ requestCert: tls.clientCa !== undefined }, secureContext(tls));
  }

  use(tls: TlsConfig): void {
    this.updateSecureContextOptions(secureContext(tls));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, stopMsMax);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
