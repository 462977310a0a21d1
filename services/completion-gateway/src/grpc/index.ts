export { startGrpcServer, type GrpcServerOptions, type RunningGrpcServer } from './grpc-server.ts';
