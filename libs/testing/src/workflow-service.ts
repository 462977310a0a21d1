import { Client, credentials, Metadata } from '@grpc/grpc-js';
import protos, { type temporal } from '@temporalio/proto';

type WorkflowService = temporal.api.workflowservice.v1.WorkflowService;

const path = '/temporal.api.workflowservice.v1.WorkflowService/';

/** Temporal's WorkflowService at an address, spoken to without any SDK. The caller closes it. */
export class WorkflowServiceClient {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  /** @param apiKey sent with every call; absent: none. */
  constructor(address: string, apiKey?: string) {
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    if (apiKey !== undefined) this.#metadata.set('authorization', `Bearer ${apiKey}`);
  }

  /** The service, each of whose calls must be answered within so many milliseconds. */
  within(deadlineMs: number): WorkflowService {
    return protos.temporal.api.workflowservice.v1.WorkflowService.create((method, request, callback) => {
      this.#client.makeUnaryRequest<Uint8Array, Uint8Array>(
        `${path}${method.name}`,
        (bytes) => Buffer.from(bytes),
        (bytes) => bytes,
        request,
        this.#metadata,
        { deadline: Date.now() + deadlineMs },
        (error, response) => {
          callback(error, response);
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}
