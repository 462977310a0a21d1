import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { temporal } from '@temporalio/proto';
import type { MethodName, RequestOf } from './handler.ts';
import { messageType, methodsOf, type MessageType } from './wire/proto.ts';

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

  constructor(address: string, channel = credentials.createInsecure()) {
    this.#client = new Client(address, channel);
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

export interface WireError {
  readonly code: string;
  readonly message: string;
  /** The detail of `grpc-status-details-bin`, with its type. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

interface Any {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** What a call that must fail says. */
export async function errorOf(call: Promise<unknown>): Promise<WireError> {
  try {
    await call;
  } catch (thrown) {
    const error = thrown as ServiceError;
    const [bytes] = error.metadata.get('grpc-status-details-bin');
    const detail = bytes instanceof Buffer ? { detail: detailIn(bytes) } : {};
    return { code: status[error.code], message: error.details, ...detail };
  }
  throw new Error('Expected the call to fail, but it was answered');
}

function detailIn(bytes: Buffer): Readonly<Record<string, unknown>> {
  const [any] = messageType<{ readonly details: readonly Any[] }>('google.rpc.Status').decode(bytes).details;
  if (any === undefined) throw new Error('Expected a detail, but there is none');
  const type: MessageType<object> = messageType(any.type_url.slice('type.googleapis.com/'.length));
  return { type: type.fullName.split('.').at(-1), ...type.decode(any.value) };
}
