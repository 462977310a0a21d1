import { status as codes, type Server, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js';
import { FrontDoorError } from '../../front-door/index.ts';
import type { Limits } from '../../limits/index.ts';
import { principalOfCall } from '../call-gate.ts';
import { internalError, statusError } from '../status-error.ts';
import { decodeMessage } from '../wire/proto.ts';
import { describeBeside } from './describe-beside.ts';
import type { Descriptors } from './descriptors.ts';
import {
  reflectionVersions,
  type ReflectionAnswer,
  type ReflectionRequest,
  type ReflectionResponse,
  type ReflectionVersion,
} from './reflection-protocol.ts';

export interface ReflectionParts {
  readonly limits: Limits;
  /** Told of what went wrong in a call and was none of its caller's doing. */
  readonly onError: (method: string, error: unknown) => void;
}

type ReflectionCall = ServerDuplexStream<Buffer, ReflectionResponse>;

const method = 'ServerReflectionInfo';

/**
 * Adds gRPC server reflection, v1 and v1alpha, by which tools such as grpcurl find the services of a server and what
 * their messages are: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 *
 * Whoever may call the server may ask. The descriptors are made when somebody first asks for one, beside the event loop,
 * and kept.
 *
 * @param services the full names of those that the server has beside.
 */
export function addReflection(server: Server, services: readonly string[], parts: ReflectionParts): void {
  const all = [...services, ...reflectionVersions.map(({ service }) => service)];
  const reflection = new Reflection(all);
  for (const version of reflectionVersions) {
    server.addService(definitionOf(version), {
      [method]: (call: ReflectionCall) => {
        converse(call, version, reflection, parts);
      },
    });
  }
}

const definitionOf = ({ service, responseType }: ReflectionVersion): ServiceDefinition => ({
  [method]: {
    path: `/${service}/${method}`,
    requestStream: true,
    responseStream: true,
    requestDeserialize: (bytes: Buffer) => bytes,
    requestSerialize: (bytes: Buffer) => bytes,
    responseSerialize: (message: ReflectionResponse) => responseType.encode(message).finish() as Buffer,
    responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
  },
});

/** Answers one question after the other, and takes the next when the caller has taken the answer. */
function converse(
  call: ReflectionCall,
  { requestType }: ReflectionVersion,
  reflection: Reflection,
  { limits, onError }: ReflectionParts,
): void {
  const sent = new Set<string>();
  const answer = async (bytes: Buffer): Promise<void> => {
    const originalRequest = read(requestType, bytes);
    const answered = await reflection.answer(originalRequest, sent);
    if (call.cancelled) return;
    const isTaken = call.write({ validHost: originalRequest.host ?? '', originalRequest, ...answered });
    if (isTaken) call.resume();
    else call.once('drain', () => call.resume());
  };
  call.on('data', (bytes: Buffer) => {
    call.pause();
    limits.grpc.calls
      .during(principalOfCall(call), () => answer(bytes))
      .catch((error: unknown) => {
        if (!(error instanceof FrontDoorError)) onError(method, error);
        call.emit('error', error instanceof FrontDoorError ? statusError(error) : internalError());
      });
  });
  call.once('end', () => call.end());
}

/** @throws FrontDoorError INVALID_ARGUMENT. */
function read(requestType: ReflectionVersion['requestType'], bytes: Buffer): ReflectionRequest {
  try {
    return decodeMessage(requestType, bytes) as ReflectionRequest;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FrontDoorError('INVALID_ARGUMENT', `Expected a ServerReflectionRequest, but ${reason}`, { cause: error });
  }
}

class Reflection {
  readonly #services: readonly string[];
  #descriptors: Promise<Descriptors> | undefined;

  constructor(services: readonly string[]) {
    this.#services = services;
  }

  /**
   * @param sent the files that the caller has by earlier answers of the same call: they are not sent again.
   * @throws FrontDoorError (rejects) INVALID_ARGUMENT when nothing is asked.
   */
  async answer(request: ReflectionRequest, sent: Set<string>): Promise<ReflectionAnswer> {
    switch (request.messageRequest) {
      case 'listServices':
        return { listServicesResponse: { service: this.#services.toSorted().map((name) => ({ name })) } };
      case 'fileByFilename': {
        const { fileByFilename: name = '' } = request;
        return fileAnswer(await this.#described(), name, sent) ?? notFound(`file ${name}`);
      }
      case 'fileContainingSymbol': {
        const { fileContainingSymbol: symbol = '' } = request;
        const descriptors = await this.#described();
        return fileAnswer(descriptors, descriptors.fileOf.get(symbol), sent) ?? notFound(`symbol ${symbol}`);
      }
      case 'allExtensionNumbersOfType': {
        const { allExtensionNumbersOfType: baseTypeName = '' } = request;
        return (await this.#described()).messages.has(baseTypeName)
          ? { allExtensionNumbersResponse: { baseTypeName, extensionNumber: [] } }
          : notFound(`message ${baseTypeName}`);
      }
      case 'fileContainingExtension':
        return notFound('extension: there are none');
      default:
        throw new FrontDoorError('INVALID_ARGUMENT', 'Expected message_request to be set, but it is not');
    }
  }

  /** What went wrong is tried again by whoever asks next. */
  #described(): Promise<Descriptors> {
    this.#descriptors ??= describeBeside(this.#services).catch((error: unknown) => {
      this.#descriptors = undefined;
      throw error;
    });
    return this.#descriptors;
  }
}

/** The file first, then those that it needs, each before those that it imports: not all tools ask for them. */
function fileAnswer(
  { files }: Descriptors,
  asked: string | undefined,
  sent: Set<string>,
): ReflectionAnswer | undefined {
  if (asked === undefined || !files.has(asked)) return undefined;
  const imported: Uint8Array[] = [];
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined) return;
    sent.add(name);
    for (const dependency of file.dependencies) if (!sent.has(dependency)) add(dependency);
    imported.push(file.bytes);
  };
  add(asked);
  return { fileDescriptorResponse: { fileDescriptorProto: imported.reverse() } };
}

const notFound = (what: string): ReflectionAnswer => ({
  errorResponse: { errorCode: codes.NOT_FOUND, errorMessage: `unknown ${what}` },
});
