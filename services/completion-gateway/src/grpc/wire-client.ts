import { Client, credentials, Metadata, type ClientOptions } from '@grpc/grpc-js';
import type { temporal } from '@temporalio/proto';
import type { MethodName, RequestOf } from './handler.ts';
import { methodsOf } from './wire/proto.ts';

type Service = temporal.api.workflowservice.v1.WorkflowService & temporal.api.operatorservice.v1.OperatorService;
type AnswerOf<M extends MethodName> = Awaited<ReturnType<Extract<Service[M], (request: never) => unknown>>>;

export interface CallOptions {
  /** Default 10 s; null: none is said. */
  readonly timeoutMs?: number | null;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

const services = ['temporal.api.workflowservice.v1.WorkflowService', 'temporal.api.operatorservice.v1.OperatorService'];
const methods = new Map(
  services.flatMap((service) => methodsOf(service).map((method) => [method.name, { ...method, service }] as const)),
);

/** A plain client of the wire: nothing is tried again, nothing is made up. */
export class WireClient {
  readonly #client: Client;

  constructor(address: string, channel = credentials.createInsecure(), options: ClientOptions = {}) {
    this.#client = new Client(address, channel, options);
  }

  call<M extends MethodName>(name: M, request: RequestOf<M>, options: CallOptions = {}): Promise<AnswerOf<M>> {
    const method = name.charAt(0).toUpperCase() + name.slice(1);
    const { resolvedRequestType: requestType, resolvedResponseType: responseType, service } = methods.get(method) ?? {};
    const encode = (message: RequestOf<M>) => Buffer.from(requestType?.encode(message).finish() ?? []);
    const decode = (bytes: Buffer) => responseType?.decode(bytes) as AnswerOf<M>;
    return this.#send({ path: `/${service ?? ''}/${method}`, encode, decode }, request, options);
  }

  /** Bytes that need be no message. */
  callRaw(method: string, bytes: Uint8Array, options: CallOptions = {}): Promise<Buffer> {
    const decode = (answer: Buffer) => answer;
    return this.#send({ path: `/${method}`, encode: () => Buffer.from(bytes), decode }, undefined, options);
  }

  close(): void {
    this.#client.close();
  }

  #send<Q, A>(
    { path, encode, decode }: { path: string; encode: (message: Q) => Buffer; decode: (bytes: Buffer) => A },
    request: Q,
    { timeoutMs = 10_000, signal, headers = {} }: CallOptions,
  ): Promise<A> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const deadline = timeoutMs === null ? {} : { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(path, encode, decode, request, metadata, deadline, (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(error ?? new Error('Expected an answer, but there is none'));
      });
      signal?.addEventListener('abort', () => {
        call.cancel();
      });
    });
  }
}
