import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescMessage,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { createServiceMetrics } from '@ratchet/service-kit';
import { apiKeyHash } from '../../auth/api-keys.ts';
import { createAuthenticator } from '../../auth/index.ts';
import type { FrontDoor } from '../../front-door/index.ts';
import type { Limits, LimitSettings } from '../../limits/index.ts';
import { limitsFor } from '../../limits/limits.fixture.ts';
import { startGrpcServer, type RunningGrpcServer } from '../grpc-server.ts';
import { messageType, methodsOf } from '../wire/proto.ts';
import { reflectionVersions, type ReflectionRequest, type ReflectionResponse } from './reflection-protocol.ts';

const workflowService = 'temporal.api.workflowservice.v1.WorkflowService';
const services = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'temporal.api.operatorservice.v1.OperatorService',
  workflowService,
];
const key = 'rk_billing_0123456789abcdef012345';
const grants = [{ namespace: '*', role: 'admin' }] as const;

const servers: RunningGrpcServer[] = [];
const clients: Client[] = [];
let limits: Limits;
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function open(
  asked: { readonly keys?: boolean; readonly settings?: Partial<LimitSettings>; readonly host?: string } = {},
): Promise<Client> {
  const part = {};
  limits = limitsFor(asked.settings ?? {}, createServiceMetrics('test'));
  const server = await startGrpcServer({
    frontDoor: { activities: part, attempts: part, tasks: part, runs: part, namespaces: part } as unknown as FrontDoor,
    authenticator: createAuthenticator({
      apiKeys: asked.keys === true ? [{ name: 'billing', hash: apiKeyHash(key), grants }] : [],
    }),
    limits,
    audit: { refused: () => undefined },
    host: asked.host ?? '127.0.0.1',
    port: 0,
    onError: (method, error) => {
      throw new Error(`${method} failed`, { cause: error });
    },
  });
  servers.push(server);
  const client = new Client(server.address, credentials.createInsecure());
  clients.push(client);
  return client;
}

/** What a call of bytes is answered with, each question sent when the one before it is answered. */
async function converse(
  client: Client,
  service: string,
  questions: readonly Uint8Array[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Buffer[]> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const same = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(`/${service}/ServerReflectionInfo`, same, same, metadata);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer[]>();
  const answers: Buffer[] = [];
  const waiting = [...questions];
  const ask = (): void => {
    const question = waiting.shift();
    if (question === undefined) call.end();
    else call.write(Buffer.from(question));
  };
  call.on('data', (answer: Buffer) => {
    answers.push(answer);
    ask();
  });
  call.on('error', reject).on('status', () => {
    resolve(answers);
  });
  ask();
  return promise;
}

type Ask = (request: ReflectionRequest) => Promise<ReflectionResponse>;

const asker =
  (client: Client, version = 0, headers = {}): Ask =>
  async (request) => {
    const { service, requestType, responseType } = reflectionVersions[version] ?? fail();
    const [answer = fail()] = await converse(client, service, [requestType.encode(request).finish()], headers);
    return responseType.decode(answer);
  };

function fail(): never {
  throw new Error('Expected an answer, but there is none');
}

const filesIn = ({ fileDescriptorResponse, errorResponse }: ReflectionResponse): FileDescriptorProto[] => {
  if (errorResponse) throw new Error(errorResponse.errorMessage);
  return (fileDescriptorResponse?.fileDescriptorProto ?? []).map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, bytes),
  );
};

/** As a tool does that looks at the first file of each answer alone, and asks for each dependency. */
async function walk(ask: Ask, symbol: string): Promise<FileRegistry> {
  const files = new Map<string, FileDescriptorProto>();
  const visit = async (file: FileDescriptorProto = fail()): Promise<void> => {
    for (const name of file.dependency) {
      if (!files.has(name)) await visit(filesIn(await ask({ fileByFilename: name }))[0]);
    }
    files.set(file.name, file);
  };
  await visit(filesIn(await ask({ fileContainingSymbol: symbol }))[0]);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files.values()] }));
}

const textOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as ServiceError;
    return `${status[code]}: ${details}`;
  }
  return 'answered';
};

describe.each([
  ['v1', 0],
  ['v1alpha', 1],
])('%s', (_, version) => {
  test('lists the services, and describes each with all that it names', async () => {
    const ask = asker(await open(), version);
    const { listServicesResponse } = await ask({ listServices: '*' });
    expect(listServicesResponse?.service.map(({ name }) => name)).toEqual(services);
    for (const service of services) expect((await walk(ask, service)).getService(service)).toBeDefined();
  });
});

test('all methods and messages are as they are published', async () => {
  const registry = await walk(asker(await open()), workflowService);
  const described = registry.getService(workflowService)?.methods ?? [];
  expect(
    described.map(({ name, methodKind, input, output }) => [name, methodKind, input.typeName, output.typeName]),
  ).toEqual(
    methodsOf(workflowService).map(({ name, resolvedRequestType, resolvedResponseType }) => [
      name,
      'unary',
      resolvedRequestType?.fullName.slice(1),
      resolvedResponseType?.fullName.slice(1),
    ]),
  );
  const messages = [...registry].filter((type): type is DescMessage => type.kind === 'message');
  expect(messages.length).toBeGreaterThan(400);
  for (const { typeName, fields } of messages) {
    const published = messageType(typeName).fieldsArray as unknown as readonly { readonly id: number }[];
    expect([typeName, fields.map(({ number }) => number)]).toEqual([typeName, published.map(({ id }) => id)]);
  }
});

test('a message that is written by its description is read by the server', async () => {
  const registry = await walk(asker(await open()), workflowService);
  const schema = registry.getMessage('temporal.api.workflowservice.v1.StartActivityExecutionRequest') ?? fail();
  const { name, jsonName } = schema.fields.find((field) => field.number === 4) ?? fail();
  expect({ name, jsonName }).toEqual({ name: 'activity_id', jsonName: 'activityId' });
  const bytes = toBinary(
    schema,
    create(schema, {
      namespace: 'default',
      activityId: 'charge',
      startToCloseTimeout: { seconds: 7n },
      idReusePolicy: 2,
      header: { fields: { a: { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') } } },
    }),
  );
  const read = messageType(schema.typeName).decode(bytes);
  expect(JSON.parse(JSON.stringify(read))).toMatchObject({
    namespace: 'default',
    activityId: 'charge',
    startToCloseTimeout: { seconds: '7' },
    idReusePolicy: 'ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY',
    header: { fields: { a: { data: Buffer.from('1').toString('base64') } } },
  });
});

test('an answer has all that its file needs, and nothing twice in a call', async () => {
  const client = await open();
  const { service, requestType, responseType } = reflectionVersions[0] ?? fail();
  const question = requestType.encode({ fileContainingSymbol: `${workflowService}.GetSystemInfo` }).finish();
  const [first = fail(), second = fail()] = await converse(client, service, [question, question]);
  const file = filesIn(responseType.decode(first));
  expect(createFileRegistry(create(FileDescriptorSetSchema, { file: file.toReversed() }))).toBeDefined();
  expect(new Set(file.map(({ name }) => name)).size).toBe(file.length);
  expect(filesIn(responseType.decode(second)).map(({ name }) => name)).toEqual([file[0]?.name]);
});

test.each(['::1', '::'])('it is answered at an address of IPv6: %s', async (host) => {
  const client = await open({ host });
  expect(servers.at(-1)?.address).toMatch(new RegExp(`^\\[${host}\\]:\\d+$`));
  const [list = fail()] = await converse(client, 'grpc.reflection.v1.ServerReflection', [Buffer.from([0x3a, 1, 0x2a])]);
  expect(list.length).toBeGreaterThan(10);
});

test('what is not there is answered, and the call goes on', async () => {
  const client = await open();
  const { service, requestType, responseType } = reflectionVersions[0] ?? fail();
  const questions: readonly ReflectionRequest[] = [
    { fileByFilename: 'none.proto' },
    { fileContainingSymbol: 'none.None' },
    { allExtensionNumbersOfType: 'none.None' },
    { allExtensionNumbersOfType: 'google.protobuf.Duration' },
    { host: 'example.com', listServices: '' },
  ];
  const answers = await converse(
    client,
    service,
    questions.map((question) => requestType.encode(question).finish()),
  );
  const decoded = answers.map((answer) => responseType.decode(answer));
  expect(decoded.map(({ errorResponse }) => errorResponse?.errorMessage)).toEqual([
    'unknown file none.proto',
    'unknown symbol none.None',
    'unknown message none.None',
    undefined,
    undefined,
  ]);
  expect(decoded[0]?.errorResponse?.errorCode).toBe(status.NOT_FOUND);
  expect(decoded[3]?.allExtensionNumbersResponse?.baseTypeName).toBe('google.protobuf.Duration');
  expect(decoded[4]?.validHost).toBe('example.com');
});

test('the bytes are those of the published protocol', async () => {
  const client = await open();
  const service = 'grpc.reflection.v1.ServerReflection';
  // list_services is field 7; the answer is field 6, beside the request as field 2.
  const [list = fail()] = await converse(client, service, [Buffer.from([0x3a, 1, 0x2a])]);
  expect(list.subarray(0, 5)).toEqual(Buffer.from([0x12, 3, 0x3a, 1, 0x2a]));
  expect(list[5]).toBe(0x32);
  // file_containing_symbol is field 4; an error is field 7: a code and a message.
  const [error = fail()] = await converse(client, service, [Buffer.from([0x22, 1, 0x78])]);
  expect(error.subarray(3 + 2)).toEqual(Buffer.from([0x3a, 20, 8, 5, 0x12, 16, ...Buffer.from('unknown symbol x')]));
});

test('who calls must be known where callers are', async () => {
  const client = await open({ keys: true });
  expect(await textOf(asker(client)({ listServices: '' }))).toMatch(/^UNAUTHENTICATED/);
  const known = asker(client, 0, { authorization: `Bearer ${key}` });
  expect((await known({ listServices: '' })).listServicesResponse?.service).toHaveLength(services.length);
});

test.each<[what: string, bytes: readonly number[]]>([
  ['no message', [0xff]],
  ['nothing that is asked', []],
])('%s is refused', async (_, bytes) => {
  const client = await open();
  const call = converse(client, 'grpc.reflection.v1.ServerReflection', [Uint8Array.from(bytes)]);
  expect(await textOf(call)).toMatch(/^INVALID_ARGUMENT: Expected /);
});

test('a call that asks without end is ended, and nothing of it is left', async () => {
  const client = await open({ settings: { requestBytesMax: 64 * 1024 } });
  const question = Buffer.alloc(1024, 0x78);
  question.set([0x22, 0xfd, 0x07]);
  const questions = Array.from({ length: 100 }, () => question);
  expect(await textOf(converse(client, 'grpc.reflection.v1.ServerReflection', questions))).not.toBe('answered');
  expect([limits.grpc.calls.used, limits.bytes.used]).toEqual([0, 0]);
});
