import type {
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { FrontDoorError, type Principal } from '../front-door/index.ts';
import type { TimedQueue } from '../limits/index.ts';
import { statusError } from './status-error.ts';
import { messageType } from './wire/proto.ts';

interface HealthCheckRequest {
  readonly service: string;
}
interface HealthCheckResponse {
  readonly status: number;
}

const requestType = messageType<HealthCheckRequest>('grpc.health.v1.HealthCheckRequest');
const responseType = messageType<HealthCheckResponse>('grpc.health.v1.HealthCheckResponse');

export const healthServiceName = 'grpc.health.v1.Health';

/** What the paths of its calls begin with. They are answered to everyone. */
export const healthPath = `/${healthServiceName}/`;

const method = (name: string, responseStream: boolean): ServiceDefinition[string] => ({
  path: `${healthPath}${name}`,
  requestStream: false,
  responseStream,
  requestDeserialize: (bytes: Buffer) => requestType.decode(bytes),
  requestSerialize: (message: HealthCheckRequest) => requestType.encode(message).finish() as Buffer,
  responseSerialize: (message: HealthCheckResponse) => responseType.encode(message).finish() as Buffer,
  responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
});

export const healthDefinition: ServiceDefinition = { Check: method('Check', false), Watch: method('Watch', true) };

const serving: HealthCheckResponse = { status: 1 };

/** Whoever asks for the health has not said who they are. */
export const stranger: Principal = { name: 'health checks', provedBy: 'nothing', may: () => false };

/**
 * The door is open from when it listens until it is closed: who gets through to it gets served, by whatever name.
 *
 * @param watches those who watch: the oldest gives way when there are too many.
 */
export const healthService = (watches: TimedQueue): UntypedServiceImplementation => ({
  Check: (
    _call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
    respond: sendUnaryData<HealthCheckResponse>,
  ): void => {
    respond(null, serving);
  },
  // It stays open: whoever watches sees the end of the connection.
  Watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void => {
    const end = (): void => {
      call.emit('error', statusError(tooManyWatch()));
    };
    call.once('cancelled', watches.add(end));
    call.write(serving);
  },
});

const tooManyWatch = (): FrontDoorError =>
  new FrontDoorError('RESOURCE_EXHAUSTED', 'Too many watch the health (RATCHET_STRANGERS_MAX).');
