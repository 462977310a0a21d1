export { startGrpcServer, type GrpcServerOptions, type RunningGrpcServer } from './grpc-server.ts';
export { linkJson } from './wire/links.ts';
