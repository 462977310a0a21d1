import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, ServiceDefinition } from '@grpc/grpc-js';
import { messageType } from './wire/proto.ts';

interface HealthCheckRequest {
  readonly service: string;
}
interface HealthCheckResponse {
  readonly status: number;
}

const requestType = messageType<HealthCheckRequest>('grpc.health.v1.HealthCheckRequest');
const responseType = messageType<HealthCheckResponse>('grpc.health.v1.HealthCheckResponse');

const method = (name: string, responseStream: boolean): ServiceDefinition[string] => ({
  path: `/grpc.health.v1.Health/${name}`,
  requestStream: false,
  responseStream,
  requestDeserialize: (bytes: Buffer) => requestType.decode(bytes),
  requestSerialize: (message: HealthCheckRequest) => requestType.encode(message).finish() as Buffer,
  responseSerialize: (message: HealthCheckResponse) => responseType.encode(message).finish() as Buffer,
  responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
});

export const healthDefinition: ServiceDefinition = { Check: method('Check', false), Watch: method('Watch', true) };

const serving: HealthCheckResponse = { status: 1 };

/** The door is open from when it listens until it is closed: who gets through to it gets served, by whatever name. */
export const healthService = {
  Check: (
    _call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
    respond: sendUnaryData<HealthCheckResponse>,
  ): void => {
    respond(null, serving);
  },
  // It stays open: whoever watches sees the end of the connection.
  Watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void => {
    call.write(serving);
  },
};
