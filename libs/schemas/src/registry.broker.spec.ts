import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { avroType } from './avro/avro-type.ts';
import { RecordEncoder } from './avro/record-encoder.ts';
import { claim } from './claim.fixture.ts';
import type { Codec } from './codec.ts';
import { createCodec } from './create-codec.ts';
import { schemas } from './generated/schemas.ts';
import { registryAddress } from './registry/registry-address.ts';
import { RegistryClient } from './registry/registry-client.ts';
import { subjects, type RecordName, type Subject } from './subject.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

const registryUrl = process.env['SCHEMA_REGISTRY_URL'] ?? '';
const unique = `test-${crypto.randomUUID()}`;

/** Our subjects under names of this run. */
const ownSubjects: readonly Subject[] = subjects.map((subject) => ({ ...subject, name: `${unique}-${subject.name}` }));
const requestMsMax = 15_000;
const registryClient = (): RegistryClient => new RegistryClient(registryAddress(registryUrl), requestMsMax);

const ownSubject = (record: RecordName): Subject => {
  const subject = ownSubjects.find((candidate) => candidate.record === record);
  if (subject === undefined) throw new Error(`no subject of ${record}`);
  return subject;
};
const replies = ownSubject('Reply');
const commandsSubject = ownSubject('ActivityCommand');

const changed = (schema: string, change: (fields: readonly object[]) => readonly object[]): string => {
  const { fields, ...rest } = JSON.parse(schema) as { readonly fields: readonly object[] };
  return JSON.stringify({ ...rest, fields: change(fields) });
};
const withNewField = (schema: string, type: unknown, more = {}): string =>
  changed(schema, (fields) => [...fields, { name: 'added', type, ...more }]);

async function request(method: 'POST' | 'PUT', path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  const answer = await fetch(registryUrl + path, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Expected the registry to take it, but it says: ${text}`);
  return JSON.parse(text);
}
const post = async (path: string, body: object): Promise<{ readonly id: number }> =>
  (await request('POST', path, body)) as { readonly id: number };

describe('the schema registry', () => {
  let codec: Codec;

  beforeAll(async () => {
    if (registryUrl === '')
      throw new Error('Expected to find SCHEMA_REGISTRY_URL in the environment, but it is not set');
    codec = await createCodec({ registry: registryUrl, subjects: ownSubjects });
  }, 30_000);

  it('gives every process the same ids, even when they start at once', async () => {
    const fresh = ownSubjects.map((subject) => ({ ...subject, name: `again-${subject.name}` }));
    const codecs = await Promise.all([1, 2, 3].map(() => createCodec({ registry: registryUrl, subjects: fresh })));
    const ids = codecs.map((each) => each.encodeCommand(claim).readInt32BE(1));
    expect(new Set(ids).size).toBe(1);
    expect(codecs[0]?.decodeCommand(codecs[1]?.encodeCommand(claim) ?? Buffer.of())).toStrictEqual(claim);
  });

  it('refuses a schema that its former versions cannot be read with, and says why', async () => {
    const incompatible = { ...replies, schema: withNewField(replies.schema, 'string') };
    await expect(createCodec({ registry: registryUrl, subjects: [incompatible] })).rejects.toMatchObject({
      code: 'RKT1102',
      retryable: false,
      message: expect.stringMatching(/Expected to register the schema of .*-ratchet\.replies-value, but .*added/),
    });
  });

  /** At the end of the enum that has the symbol `of`. */
  const withSymbol = (schema: string, of: string): string =>
    schema.replace(new RegExp(`("${of}"[^\\]]*)\\]`), '$1,"FROM_THE_FUTURE"]');
  const withCommand = (schema: string): string => {
    const command = JSON.parse(schema) as { fields: { name: string; type: object[] }[] };
    const body = command.fields.find(({ name }) => name === 'body');
    body?.type.push({ type: 'record', name: 'Frobnicate', fields: [] });
    return JSON.stringify(command);
  };

  it.each([
    {
      what: 'a field with a default',
      record: 'Reply',
      change: (of: string) => withNewField(of, ['null', 'string'], { default: null }),
    },
    { what: 'a symbol', record: 'Reply', change: (of: string) => withSymbol(of, 'WRONG_PARTITION') },
    {
      what: 'a symbol of a state',
      record: 'ActivitySnapshot',
      change: (of: string) => withSymbol(of, 'RESET_REQUESTED'),
    },
    { what: 'a command', record: 'ActivityCommand', change: withCommand },
  ] as const)('takes $what that was added to $record', async ({ what, record, change }) => {
    const subject = { ...ownSubject(record), name: `${unique}-${what.replaceAll(' ', '-')}-${record}` };
    const schema = change(subject.schema);
    expect(JSON.parse(schema)).not.toEqual(JSON.parse(subject.schema));
    const client = registryClient();
    const id = await client.register(subject);
    expect(await client.register({ ...subject, schema })).not.toBe(id);
  });

  it('refuses to weaken the compatibility of a subject', async () => {
    const weaker: Subject = { ...replies, compatibility: 'BACKWARD_TRANSITIVE' };
    await expect(registryClient().register(weaker)).rejects.toMatchObject({
      code: 'RKT1102',
      message: expect.stringContaining('its compatibility is FULL_TRANSITIVE and not BACKWARD_TRANSITIVE'),
    });
  });

  it('finishes what a process began that died before it set the compatibility', async () => {
    const name = `${unique}-orphan-value`;
    await fetch(`${registryUrl}/subjects/${name}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: schemas.Reply }),
    });
    await expect(registryClient().register({ ...replies, name })).resolves.toBeGreaterThan(0);
    const { compatibilityLevel } = (await (await fetch(`${registryUrl}/config/${name}`)).json()) as {
      readonly compatibilityLevel: string;
    };
    expect(compatibilityLevel).toBe('FULL_TRANSITIVE');
  });

  it('brings the schema of a newer writer, once', async () => {
    const newer = withNewField(commandsSubject.schema, ['null', 'string'], { default: null, doc: 'From the future.' });
    const id = await registryClient().register({ ...commandsSubject, schema: newer });
    const { identity, requestId, target } = claim;
    const body = { 'ratchet.v1.Claim': { attempt: null, claimId: 'c' } };
    const bytes = new RecordEncoder(avroType(newer), id).encode({ target, requestId, identity, body, added: 'x' });
    const first = codec.decodeCommand(bytes);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toStrictEqual(claim);
    expect(codec.decodeCommand(bytes)).toStrictEqual(claim);
  });

  it('knows that there is no such id', async () => {
    const bytes = Buffer.from('007ffffffe00', 'hex');
    await expect(Promise.resolve(codec.decodeCommand(bytes))).rejects.toThrow(
      `no schema 2147483646 is registered under ${commandsSubject.name}`,
    );
  });

  it.each([
    { what: 'someone else has registered under our name', record: 'ActivityCommand' },
    { what: 'is of another topic of ours', record: 'Reply' },
  ] as const)('does not read what $what', async ({ what, record }) => {
    const schema = withNewField(schemas[record], 'string', { default: '', doc: what });
    const ours = ownSubject(record);
    const name = record === 'Reply' ? ours.name : `${unique}-of-a-stranger-value`;
    const id = await registryClient().register({ ...ours, name, schema });
    const bytes = Buffer.concat([Buffer.of(0, 0, 0, 0, 0), codec.encodeCommand(claim).subarray(5), Buffer.of(0)]);
    bytes.writeUInt32BE(id, 1);
    await expect(Promise.resolve(codec.decodeCommand(bytes))).rejects.toThrow(
      `no schema ${String(id)} is registered under ${commandsSubject.name}`,
    );
  });

  it('reads a schema of ours that refers to others', async () => {
    const { fields } = JSON.parse(commandsSubject.schema) as { fields: { name: string; type: unknown }[] };
    const [target, ...others] = fields;
    const name = `${unique}-execution-id-value`;
    const shared = await post(`/subjects/${name}/versions`, { schema: JSON.stringify(target?.type) });
    const reference = { ...target, type: 'ratchet.v1.ExecutionId' };
    // This registry cannot compare a schema in parts with its former versions.
    await request('PUT', `/config/${commandsSubject.name}`, { compatibility: 'NONE' });
    const { id } = await post(`/subjects/${commandsSubject.name}/versions`, {
      schema: JSON.stringify({
        ...JSON.parse(commandsSubject.schema),
        doc: 'In parts.',
        fields: [reference, ...others],
      }),
      references: [{ name: 'ratchet.v1.ExecutionId', subject: name, version: 1 }],
    });
    const bytes = codec.encodeCommand(claim);
    bytes.writeUInt32BE(id, 1);
    expect(await codec.decodeCommand(bytes)).toStrictEqual(claim);
    bytes.writeUInt32BE(shared.id, 1);
    await expect(Promise.resolve(codec.decodeCommand(bytes))).rejects.toThrow(UnreadableRecordError);
  });

  it('has ids whose records are poisonous all the same', () => {
    const bytes = Buffer.concat([codec.encodeCommand(claim).subarray(0, 5), Buffer.from('ffffffff', 'hex')]);
    expect(() => codec.decodeCommand(bytes)).toThrow(UnreadableRecordError);
  });
});

describe('a registry that does not answer', () => {
  const open: Server[] = [];
  afterAll(() => {
    for (const server of open) server.close();
  });

  /** A port where connections are accepted and nothing is ever said. */
  const silentUrl = async (): Promise<string> => {
    const server = createServer();
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  };

  it('is an error to try again after, once the time to wait is over', async () => {
    const startedMs = performance.now();
    await expect(createCodec({ registry: 'http://127.0.0.1:1', waitMs: 600 })).rejects.toMatchObject({
      code: 'RKT1101',
      retryable: true,
      message: expect.stringContaining('Expected to reach the schema registry at http://127.0.0.1:1, but'),
    });
    expect(performance.now() - startedMs).toBeGreaterThan(500);
  });

  it('is no verdict on an id', async () => {
    const error = { code: 'RKT1101', retryable: true };
    await expect(
      new RegistryClient(registryAddress('http://127.0.0.1:1'), requestMsMax).schemaOf(5),
    ).rejects.toMatchObject(error);
  });

  it('is given up after some seconds when it is silent', async () => {
    const client = new RegistryClient(registryAddress(await silentUrl()), 300);
    await expect(client.schemaOf(5)).rejects.toMatchObject({ code: 'RKT1101', retryable: true });
    await expect(client.register(replies)).rejects.toMatchObject({ code: 'RKT1101', retryable: true });
  });
});
