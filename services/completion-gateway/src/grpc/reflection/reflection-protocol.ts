import { protobuf, type MessageType, type ProtobufRoot } from '../wire/proto.ts';

/** A question, of which one is asked at a time: `messageRequest` names it. */
export interface ReflectionRequest {
  readonly host?: string;
  readonly messageRequest?:
    | 'fileByFilename'
    | 'fileContainingSymbol'
    | 'fileContainingExtension'
    | 'allExtensionNumbersOfType'
    | 'listServices';
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

export interface ReflectionAnswer {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly allExtensionNumbersResponse?: { readonly baseTypeName: string; readonly extensionNumber: readonly number[] };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
}

export interface ReflectionResponse extends ReflectionAnswer {
  readonly validHost: string;
  readonly originalRequest: ReflectionRequest;
}

/** A version of the protocol: they differ in the name of the package alone. */
export interface ReflectionVersion {
  readonly service: string;
  readonly requestType: MessageType<ReflectionRequest>;
  readonly responseType: MessageType<ReflectionResponse>;
}

const text = (id: number, protoName: string): object => ({ type: 'string', id, protoName });
const message = (id: number, protoName: string, type: string): object => ({ type, id, protoName });
const int = (id: number, protoName: string): object => ({ type: 'int32', id, protoName });
const list = (type: string, protoName: string, id = 1): object => ({ rule: 'repeated', type, id, protoName });

/** `grpc/reflection/v1/reflection.proto`, as protobufjs has it in JSON. */
const nested = {
  ServerReflectionRequest: {
    oneofs: {
      messageRequest: {
        oneof: [
          'fileByFilename',
          'fileContainingSymbol',
          'fileContainingExtension',
          'allExtensionNumbersOfType',
          'listServices',
        ],
      },
    },
    fields: {
      host: text(1, 'host'),
      fileByFilename: text(3, 'file_by_filename'),
      fileContainingSymbol: text(4, 'file_containing_symbol'),
      fileContainingExtension: message(5, 'file_containing_extension', 'ExtensionRequest'),
      allExtensionNumbersOfType: text(6, 'all_extension_numbers_of_type'),
      listServices: text(7, 'list_services'),
    },
  },
  ExtensionRequest: {
    fields: { containingType: text(1, 'containing_type'), extensionNumber: int(2, 'extension_number') },
  },
  ServerReflectionResponse: {
    oneofs: {
      messageResponse: {
        oneof: ['fileDescriptorResponse', 'allExtensionNumbersResponse', 'listServicesResponse', 'errorResponse'],
      },
    },
    fields: {
      validHost: text(1, 'valid_host'),
      originalRequest: message(2, 'original_request', 'ServerReflectionRequest'),
      fileDescriptorResponse: message(4, 'file_descriptor_response', 'FileDescriptorResponse'),
      allExtensionNumbersResponse: message(5, 'all_extension_numbers_response', 'ExtensionNumberResponse'),
      listServicesResponse: message(6, 'list_services_response', 'ListServiceResponse'),
      errorResponse: message(7, 'error_response', 'ErrorResponse'),
    },
  },
  FileDescriptorResponse: { fields: { fileDescriptorProto: list('bytes', 'file_descriptor_proto') } },
  ExtensionNumberResponse: {
    fields: { baseTypeName: text(1, 'base_type_name'), extensionNumber: list('int32', 'extension_number', 2) },
  },
  ListServiceResponse: { fields: { service: list('ServiceResponse', 'service') } },
  ServiceResponse: { fields: { name: text(1, 'name') } },
  ErrorResponse: { fields: { errorCode: int(1, 'error_code'), errorMessage: text(2, 'error_message') } },
  ServerReflection: {
    methods: {
      ServerReflectionInfo: {
        requestType: 'ServerReflectionRequest',
        requestStream: true,
        responseType: 'ServerReflectionResponse',
        responseStream: true,
      },
    },
  },
};

/** The definitions of both versions. */
export const reflectionRoot: ProtobufRoot = protobuf.Root.fromJSON({
  nested: {
    grpc: {
      nested: { reflection: { nested: { v1: { edition: 'proto3', nested }, v1alpha: { edition: 'proto3', nested } } } },
    },
  },
});

export const reflectionVersions: readonly ReflectionVersion[] = ['v1', 'v1alpha'].map((version) => {
  const scope = `grpc.reflection.${version}`;
  return {
    service: `${scope}.ServerReflection`,
    requestType: reflectionRoot.lookupType(`${scope}.ServerReflectionRequest`) as MessageType<ReflectionRequest>,
    responseType: reflectionRoot.lookupType(`${scope}.ServerReflectionResponse`) as MessageType<ReflectionResponse>,
  };
});
