import { millis, type AttemptReference, type Command, type ExecutionId } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { optionsRequestToDomain } from './activity-options.mapping.ts';
import { forwardedFromToDomain } from './forwarded-from.mapping.ts';
import { givenToAvro, givenToDomain } from './given.mapping.ts';
import { failureToAvro, failureToDomain } from './failure.mapping.ts';
import type { RecordMapping } from './record-mapping.ts';
import { isPresent, isSome, setPresent } from './set-present.ts';

type CommandType = Command['type'];
type CommandOf<T extends CommandType> = Extract<Command, { readonly type: T }>;
type Branch<T extends CommandType> = `ratchet.v1.${T}`;
type BodyOf<T extends CommandType> = Extract<
  avro.ActivityCommand['body'],
  Readonly<Record<Branch<T>, unknown>>
>[Branch<T>];
type Envelope = Omit<avro.ActivityCommand, 'body'>;

const noTimeout = millis(0);

// A command has the names and values of its Avro body: it is written as it is, but for what differs.
const bodyWriters: { readonly [T in CommandType]: (command: CommandOf<T>) => avro.ActivityCommand['body'] } = {
  Schedule: (command) => ({
    'ratchet.v1.Schedule': {
      ...command,
      acknowledge: command.acknowledge ?? false,
      callbackUrls: command.callbackUrls ?? [],
      ...givenToAvro(command),
      onConflict: command.onConflict ?? null,
    },
  }),
  Claim: ({ attempt, claimId, sdk = null }) => ({
    'ratchet.v1.Claim': { ...attemptToAvro(attempt), claimId, sdk },
  }),
  RecordHeartbeat: ({ attempt, details }) => ({
    'ratchet.v1.RecordHeartbeat': { ...attemptToAvro(attempt), details },
  }),
  Complete: ({ attempt, result, reportId = null, issuedAt = null }) => ({
    'ratchet.v1.Complete': { ...attemptToAvro(attempt), result, reportId, issuedAt },
  }),
  Fail: ({ attempt, failure, lastHeartbeatDetails, reportId = null, issuedAt = null }) => ({
    'ratchet.v1.Fail': {
      ...attemptToAvro(attempt),
      failure: failure === undefined ? null : failureToAvro(failure),
      lastHeartbeatDetails: lastHeartbeatDetails ?? null,
      reportId,
      issuedAt,
    },
  }),
  ReportCanceled: ({ attempt, details, reportId = null, issuedAt = null }) => ({
    'ratchet.v1.ReportCanceled': { ...attemptToAvro(attempt), details, reportId, issuedAt },
  }),
  RequestCancel: ({ reason, cascaded, openBefore = null }) => ({
    'ratchet.v1.RequestCancel': { reason, cascaded, openBefore },
  }),
  Terminate: (command) => ({ 'ratchet.v1.Terminate': command }),
  Delete: () => ({ 'ratchet.v1.Delete': {} }),
  CloseWithRun: (command) => ({ 'ratchet.v1.CloseWithRun': command }),
  Pause: (command) => ({ 'ratchet.v1.Pause': command }),
  Unpause: () => ({ 'ratchet.v1.Unpause': {} }),
  Reset: (command) => ({ 'ratchet.v1.Reset': command }),
  UpdateOptions: (command) => ({ 'ratchet.v1.UpdateOptions': command }),
  TimeOut: (command) => ({ 'ratchet.v1.TimeOut': command }),
  DispatchDue: (command) => ({ 'ratchet.v1.DispatchDue': command }),
  Redispatch: (command) => ({ 'ratchet.v1.Redispatch': command }),
  FailDispatch: (command) => ({ 'ratchet.v1.FailDispatch': command }),
  ExpireBefore: (command) => ({ 'ratchet.v1.ExpireBefore': command }),
  OpenRun: ({ retentionMs, timeoutMs = noTimeout }) => ({ 'ratchet.v1.OpenRun': { retentionMs, timeoutMs } }),
  TakeOverRun: () => ({ 'ratchet.v1.TakeOverRun': {} }),
  TimeOutRun: () => ({ 'ratchet.v1.TimeOutRun': {} }),
  RequestCancelRun: (command) => ({ 'ratchet.v1.RequestCancelRun': command }),
  CloseRun: (command) => ({ 'ratchet.v1.CloseRun': command }),
  SignalRun: (command) => ({ 'ratchet.v1.SignalRun': command }),
  AcknowledgeSignals: (command) => ({ 'ratchet.v1.AcknowledgeSignals': command }),
  UseRules: (command) => ({ 'ratchet.v1.UseRules': command }),
};

const ofActivity = ({ target, requestId, identity }: Envelope) => ({ target, requestId, identity });
const ofPartition = ({ requestId, identity }: Envelope) => ({ requestId, identity });
const ofRun = ({ target: { namespace, workflowId, runId }, requestId, identity }: Envelope) => ({
  run: { namespace, workflowId, runId },
  requestId,
  identity,
});

type BodyReaders = {
  readonly [T in CommandType as Branch<T>]: (body: BodyOf<T>, envelope: Envelope) => CommandOf<T>;
};

const bodyReaders: BodyReaders = {
  'ratchet.v1.Schedule': (body, envelope) => ({
    type: 'Schedule',
    ...(isSome(body.callbackUrls) ? { callbackUrls: body.callbackUrls } : {}),
    ...(isPresent(body.onConflict) ? { onConflict: body.onConflict } : {}),
    ...ofActivity(envelope),
    activityType: body.activityType,
    options: { taskQueue: '', ...optionsRequestToDomain(body.options) },
    ...givenToDomain(body),
    idReusePolicy: body.idReusePolicy,
    idConflictPolicy: body.idConflictPolicy,
    shielded: body.shielded,
    retentionMs: body.retentionMs,
    awaitOutcome: body.awaitOutcome,
    ...(body.acknowledge ? { acknowledge: true } : {}),
  }),
  'ratchet.v1.Claim': (body, envelope) => {
    const attempt = attemptToDomain(body);
    const command: CommandOf<'Claim'> = { type: 'Claim', ...ofActivity(envelope), attempt, claimId: body.claimId };
    setPresent(command, 'sdk', body.sdk);
    return command;
  },
  'ratchet.v1.RecordHeartbeat': (body, envelope) => ({
    type: 'RecordHeartbeat',
    ...ofActivity(envelope),
    attempt: attemptToDomain(body),
    details: body.details,
  }),
  'ratchet.v1.Complete': ({ result, ...body }, envelope) => ({
    type: 'Complete',
    ...ofActivity(envelope),
    attempt: attemptToDomain(body),
    result,
    ...repeatableToDomain(body),
  }),
  'ratchet.v1.Fail': ({ failure, lastHeartbeatDetails, reportId, issuedAt, ...body }, envelope) => {
    const command: CommandOf<'Fail'> = { type: 'Fail', ...ofActivity(envelope), attempt: attemptToDomain(body) };
    if (isPresent(failure)) setPresent(command, 'failure', failureToDomain(failure));
    setPresent(command, 'lastHeartbeatDetails', lastHeartbeatDetails);
    setPresent(command, 'reportId', reportId);
    setPresent(command, 'issuedAt', issuedAt);
    return command;
  },
  'ratchet.v1.ReportCanceled': ({ details, ...body }, envelope) => ({
    type: 'ReportCanceled',
    ...ofActivity(envelope),
    attempt: attemptToDomain(body),
    details,
    ...repeatableToDomain(body),
  }),
  'ratchet.v1.RequestCancel': ({ reason, cascaded, openBefore }, envelope) => {
    const command: CommandOf<'RequestCancel'> = { type: 'RequestCancel', ...ofActivity(envelope), reason, cascaded };
    setPresent(command, 'openBefore', openBefore);
    return command;
  },
  'ratchet.v1.Terminate': (body, envelope) => ({ type: 'Terminate', ...ofActivity(envelope), ...body }),
  'ratchet.v1.Delete': (_, envelope) => ({ type: 'Delete', ...ofActivity(envelope) }),
  'ratchet.v1.CloseWithRun': (body, envelope) => ({ type: 'CloseWithRun', ...ofActivity(envelope), ...body }),
  'ratchet.v1.Pause': (body, envelope) => ({ type: 'Pause', ...ofActivity(envelope), ...body }),
  'ratchet.v1.Unpause': (_, envelope) => ({ type: 'Unpause', ...ofActivity(envelope) }),
  'ratchet.v1.Reset': (body, envelope) => ({ type: 'Reset', ...ofActivity(envelope), ...body }),
  'ratchet.v1.UpdateOptions': ({ options, restoreOriginal }, envelope) => ({
    type: 'UpdateOptions',
    ...ofActivity(envelope),
    options: optionsRequestToDomain(options),
    restoreOriginal,
  }),
  'ratchet.v1.TimeOut': (body, envelope) => ({ type: 'TimeOut', ...ofActivity(envelope), ...body }),
  'ratchet.v1.DispatchDue': (body, envelope) => ({ type: 'DispatchDue', ...ofActivity(envelope), ...body }),
  'ratchet.v1.Redispatch': (body, envelope) => ({ type: 'Redispatch', ...ofActivity(envelope), ...body }),
  'ratchet.v1.FailDispatch': (body, envelope) => ({ type: 'FailDispatch', ...ofActivity(envelope), ...body }),
  'ratchet.v1.ExpireBefore': (body, envelope) => ({ type: 'ExpireBefore', ...ofPartition(envelope), ...body }),
  'ratchet.v1.OpenRun': ({ retentionMs, timeoutMs }, envelope) => ({
    type: 'OpenRun',
    ...ofRun(envelope),
    retentionMs,
    ...(timeoutMs === noTimeout ? {} : { timeoutMs }),
  }),
  'ratchet.v1.TakeOverRun': (_, envelope) => ({ type: 'TakeOverRun', ...ofRun(envelope) }),
  'ratchet.v1.TimeOutRun': (_, envelope) => ({ type: 'TimeOutRun', ...ofRun(envelope) }),
  'ratchet.v1.RequestCancelRun': (body, envelope) => ({ type: 'RequestCancelRun', ...ofRun(envelope), ...body }),
  'ratchet.v1.CloseRun': (body, envelope) => ({ type: 'CloseRun', ...ofRun(envelope), ...body }),
  'ratchet.v1.SignalRun': ({ issuedAt, ...body }, envelope) => {
    const command: CommandOf<'SignalRun'> = { type: 'SignalRun', ...ofRun(envelope), ...body };
    setPresent(command, 'issuedAt', issuedAt);
    return command;
  },
  'ratchet.v1.AcknowledgeSignals': (body, envelope) => ({ type: 'AcknowledgeSignals', ...ofRun(envelope), ...body }),
  'ratchet.v1.UseRules': (body, envelope) => ({ type: 'UseRules', ...ofPartition(envelope), ...body }),
};

type Repeatable = Pick<CommandOf<'Complete'>, 'reportId' | 'issuedAt'>;

function repeatableToDomain({ reportId, issuedAt }: Pick<BodyOf<'Complete'>, 'reportId' | 'issuedAt'>): Repeatable {
  const repeatable: { -readonly [K in keyof Repeatable]: Repeatable[K] } = {};
  setPresent(repeatable, 'reportId', reportId);
  setPresent(repeatable, 'issuedAt', issuedAt);
  return repeatable;
}

interface AvroAttempt {
  readonly attempt?: avro.AttemptReference | null;
  readonly proof?: Uint8Array | null;
}

const attemptToAvro = (attempt: AttemptReference): Required<AvroAttempt> =>
  attempt.by === 'token' ? { attempt, proof: attempt.proof ?? null } : byId;
const byId = { attempt: null, proof: null };

function attemptToDomain({ attempt, proof }: AvroAttempt): AttemptReference {
  if (!isPresent(attempt)) return { by: 'id' };
  const { scheduleOffset, attempt: count, stamp } = attempt;
  const reference = { by: 'token', scheduleOffset, attempt: count, stamp } as const;
  return isPresent(proof) ? { ...reference, proof } : reference;
}

const noTarget: ExecutionId = { namespace: '', workflowId: '', runId: '', activityId: '' };

function targetOf(command: Command): ExecutionId {
  if ('target' in command) return command.target;
  return 'run' in command ? { ...command.run, activityId: '' } : noTarget;
}

/** The envelope names the entity and the asker, the body what is asked for. */
export const commandMapping: RecordMapping<Command, avro.ActivityCommand> = {
  record: 'ActivityCommand',

  toAvro: (command) => {
    // TypeScript does not see that the writer belongs to the command's own type.
    const writeBody = bodyWriters[command.type] as (command: Command) => avro.ActivityCommand['body'];
    const { requestId, identity, principal = '', driverId = '', replyTo = null, forwardedFrom = null } = command;
    const target = targetOf(command);
    return { target, requestId, identity, principal, driverId, replyTo, forwardedFrom, body: writeBody(command) };
  },

  toDomain: (envelope) => {
    const branch = Object.keys(envelope.body)[0] as keyof BodyReaders;
    const readBody = bodyReaders[branch] as ((body: unknown, envelope: Envelope) => Command) | undefined;
    if (readBody === undefined) throw new UnreadableRecordError(`this version knows no command ${branch}`);
    const command = readBody((envelope.body as Readonly<Record<string, unknown>>)[branch], envelope);
    setPresent(command, 'principal', envelope.principal === '' ? null : envelope.principal);
    setPresent(command, 'driverId', envelope.driverId === '' ? null : envelope.driverId);
    setPresent(command, 'replyTo', envelope.replyTo);
    if (isPresent(envelope.forwardedFrom))
      setPresent(command, 'forwardedFrom', forwardedFromToDomain(envelope.forwardedFrom));
    return command;
  },
};
