import { describe, expect, it } from '@jest/globals';
import type { Reply } from '@ratchet/domain';
import avsc from 'avsc';
import { avroType } from './avro/avro-type.ts';
import { RecordEncoder } from './avro/record-encoder.ts';
import { claim } from './claim.fixture.ts';
import { Codec } from './codec.ts';
import { schemas } from './generated/schemas.ts';
import { subjects, type RecordName } from './subject.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

interface Shape {
  readonly type?: unknown;
  readonly name?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
  readonly symbols?: readonly string[];
}
type Change = (shape: Shape) => Shape;

/** Today's schema as another version may have it: `change` is applied to the type of that name. */
function versionOf(record: RecordName, name: string, change: Change): string {
  const visit = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'name' in value && value.name === name && 'type' in value
      ? isDefinition(value as Shape)
        ? change(value as Shape)
        : value
      : value;
  return JSON.stringify(JSON.parse(schemas[record], visit));
}
const isDefinition = ({ type }: Shape): boolean => type === 'record' || type === 'enum';

const withoutField =
  (name: string): Change =>
  (shape) => ({ ...shape, fields: (shape.fields ?? []).filter((field) => field.name !== name) });
const withField =
  (field: { readonly name: string; readonly type: unknown; readonly default?: unknown }): Change =>
  (shape) => ({ ...shape, fields: [...(shape.fields ?? []), field] });
const withSymbol =
  (symbol: string): Change =>
  (shape) => ({ ...shape, symbols: [...(shape.symbols ?? []), symbol] });
const withBranch =
  (branch: object): Change =>
  (shape) => ({
    ...shape,
    fields: (shape.fields ?? []).map((field) =>
      field.name === 'body' ? { ...field, type: [...(field.type as unknown[]), branch] } : field,
    ),
  });

const otherId = 999;

/** A codec of today that meets records of another version under the id 999. */
const codecFor = (schema: string): Codec =>
  new Codec(new Map(subjects.map(({ record }, index) => [record, index + 1])), () => Promise.resolve(schema));

/** Bytes of a value as that version writes it. Its enums and bytes are as in today's types. */
const written = (schema: string, value: unknown): Buffer => new RecordEncoder(avroType(schema), otherId).encode(value);

const { target } = claim;
const claimAvro = {
  target,
  requestId: 'q',
  identity: 'w',
  body: { 'ratchet.v1.Claim': { attempt: null, claimId: 'c' } },
};

const frobnicate = { type: 'record', name: 'Frobnicate', fields: [{ name: 'how', type: 'string' }] };

describe('a record of an older version', () => {
  it('gets the default of a field added since', async () => {
    const schema = versionOf('ActivityCommand', 'ActivityCommand', withoutField('identity'));
    expect(await codecFor(schema).decodeCommand(written(schema, claimAvro))).toStrictEqual({ ...claim, identity: '' });
  });

  it('has no property for an optional field added since', async () => {
    const schema = versionOf('Reply', 'Refusal', withoutField('existing'));
    const bytes = written(schema, {
      address: 'x',
      requestId: 'q',
      offset: 1,
      refused: { reason: 'not-due', message: 'm' },
    });
    const expected: Reply = {
      address: 'x',
      requestId: 'q',
      offset: 1,
      body: { type: 'Refused', refusal: { reason: 'not-due', message: 'm' } },
    };
    expect(await codecFor(schema).decodeReply(bytes)).toStrictEqual(expected);
  });

  it('is decoded at once when its schema was met before', async () => {
    const schema = versionOf('ActivityCommand', 'ActivityCommand', withoutField('identity'));
    const codec = codecFor(schema);
    await codec.decodeCommand(written(schema, claimAvro));
    expect(codec.decodeCommand(written(schema, claimAvro))).toStrictEqual({ ...claim, identity: '' });
  });
});

describe('a record of a newer version', () => {
  it('loses a field that this version does not know', async () => {
    const schema = versionOf(
      'ActivityCommand',
      'Claim',
      withField({ name: 'slots', type: { type: 'array', items: 'string' } }),
    );
    const bytes = written(schema, {
      ...claimAvro,
      body: { 'ratchet.v1.Claim': { attempt: null, claimId: 'c', slots: ['1', '2'] } },
    });
    expect(await codecFor(schema).decodeCommand(bytes)).toStrictEqual(claim);
  });

  it('is read when another command was added', async () => {
    const schema = versionOf('ActivityCommand', 'ActivityCommand', withBranch(frobnicate));
    expect(await codecFor(schema).decodeCommand(written(schema, claimAvro))).toStrictEqual(claim);
  });

  it.each([
    {
      what: 'a command that was added',
      record: 'ActivityCommand' as const,
      schema: () => versionOf('ActivityCommand', 'ActivityCommand', withBranch(frobnicate)),
      value: { ...claimAvro, body: { 'ratchet.v1.Frobnicate': { how: 'gently' } } },
      message: 'this version knows no command ratchet.v1.Frobnicate',
    },
    {
      what: 'a kind of answer that was added',
      record: 'Reply' as const,
      schema: () =>
        versionOf('Reply', 'Reply', withField({ name: 'frobnicated', type: ['null', 'string'], default: null })),
      value: { address: 'x', requestId: 'q', offset: 1, frobnicated: 'gently' },
      message: 'its answer is of a kind that this version does not know',
    },
  ])('cannot be read when it is $what', async ({ record, schema, value, message }) => {
    const codec = codecFor(schema());
    const decode = record === 'Reply' ? codec.decodeReply : codec.decodeCommand;
    await expect(Promise.resolve(decode(written(schema(), value)))).rejects.toThrow(message);
  });
});

describe('a symbol of a newer version', () => {
  // Today's SymbolType has no value for it, so it is written as Avro has it: by its place in the list.
  const bytesWithSymbol = (record: RecordName, name: string, value: object): readonly [string, Buffer] => {
    const schema = versionOf(record, name, withSymbol('FROM_THE_FUTURE'));
    const plain = avsc.Type.forSchema(JSON.parse(schema) as Parameters<typeof avsc.Type.forSchema>[0]);
    return [schema, Buffer.concat([Buffer.from([0, 0, 0, otherId >> 8, otherId & 255]), plain.toBuffer(value)])];
  };

  it('makes a record unreadable where nothing can stand for it, and says which', async () => {
    const close = { target, requestId: 'q', body: { 'ratchet.v1.CloseRun': { status: 'FROM_THE_FUTURE' } } };
    const [schema, bytes] = bytesWithSymbol('ActivityCommand', 'RunCloseStatus', close);
    const decoded = Promise.resolve(codecFor(schema).decodeCommand(bytes));
    await expect(decoded).rejects.toThrow(UnreadableRecordError);
    await expect(decoded).rejects.toThrow('this version knows no ratchet.v1.RunCloseStatus FROM_THE_FUTURE');
  });

  it('is failed-precondition for a refusal, whose message tells', async () => {
    const refused = { reason: 'FROM_THE_FUTURE', message: 'too late' };
    const [schema, bytes] = bytesWithSymbol('Reply', 'RefusalReason', { address: 'x', offset: 1, refused });
    const { body } = await codecFor(schema).decodeReply(bytes);
    expect(body).toStrictEqual({ type: 'Refused', refusal: { reason: 'failed-precondition', message: 'too late' } });
  });

  it('is unspecified for the category of a failure', async () => {
    const failure = { message: 'm', application: { errorType: 'E', nonRetryable: false, category: 'FROM_THE_FUTURE' } };
    const outcome = { result: [], failure, retryState: 'TIMEOUT' };
    const outcomeReached = { runId: 'r', status: 'FAILED', outcome };
    const body = { address: 'x', offset: 1, outcomeReached };
    const [schema, bytes] = bytesWithSymbol('Reply', 'ApplicationErrorCategory', body);
    const reply = await codecFor(schema).decodeReply(bytes);
    expect(reply.body).toMatchObject({ outcome: { failure: { info: { errorType: 'E', category: 'unspecified' } } } });
  });

  it('is unspecified for a retry state', async () => {
    const outcome = { result: [], failure: { message: 'm' }, retryState: 'FROM_THE_FUTURE' };
    const outcomeReached = { runId: 'r', status: 'FAILED', outcome };
    const [schema, bytes] = bytesWithSymbol('Reply', 'RetryState', { address: 'x', offset: 1, outcomeReached });
    const { body } = await codecFor(schema).decodeReply(bytes);
    expect(body).toMatchObject({ outcome: { retryState: 'unspecified' } });
  });
});
