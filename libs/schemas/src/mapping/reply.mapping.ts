import { isClosed, slim, type Activity, type Answer, type Refusal, type Reply } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { activityToAvro, activityToDomain } from './activity-snapshot.mapping.ts';
import { givenToAvro, givenToDomain } from './given.mapping.ts';
import { outcomeToAvro, outcomeToDomain } from './outcome.mapping.ts';
import type { RecordMapping } from './record-mapping.ts';
import { runToAvro, runToDomain } from './run.mapping.ts';
import { isPresent, setPresent } from './set-present.ts';

type Body = Reply['body'];
type AvroBody = Omit<avro.Reply, 'address' | 'requestId' | 'offset'>;

/** Each kind of answer is a field of its own, since an Avro union could not grow without breaking its readers. */
export const replyMapping: RecordMapping<Reply, avro.Reply> = {
  record: 'Reply',
  toAvro: ({ address, requestId, offset, body }) => ({ address, requestId, offset, ...bodyToAvro(body) }),
  toDomain: (reply) => {
    const { address, requestId, offset } = reply;
    return { address, requestId, offset, body: bodyToDomain(reply) };
  },
};

function bodyToAvro(body: Body): AvroBody {
  switch (body.type) {
    case 'Accepted':
      return answerToAvro(body.answer);
    case 'Refused':
      return { refused: refusalToAvro(body.refusal) };
    case 'OutcomeReached': {
      return { outcomeReached: { ...body, outcome: outcomeToAvro(body.outcome) } };
    }
    case 'OutcomePending':
      return { outcomePending: body };
    case 'Described':
      return { described: { ...descriptionToAvro(body.description), stateBytes: body.stateBytes } };
    case 'RunDescribed': {
      const { run, signals } = body;
      return {
        runDescribed: { snapshot: runToAvro(run), signals: signals.map((signal) => ({ run: run.id, ...signal })) },
      };
    }
    case 'CancelNotice':
      return { cancelNotice: body };
  }
}

function answerToAvro(answer: Answer): AvroBody {
  switch (answer.type) {
    case 'Scheduled':
      return { scheduled: answer };
    case 'Granted':
      return { granted: answer };
    case 'HeartbeatRecorded':
      return { heartbeatRecorded: answer };
    case 'Acknowledged':
      return { acknowledged: {} };
    case 'RunOpened':
      return { runOpened: answer };
  }
}

const descriptionToAvro = (activity: Activity): Omit<avro.ActivityDescription, 'stateBytes'> => ({
  snapshot: activityToAvro(isClosed(activity) ? slim(activity) : activity),
  ...givenToAvro(activity),
  heartbeat: activity.heartbeat ?? null,
});

function bodyToDomain(reply: avro.Reply): Body {
  const answer = answerToDomain(reply);
  if (answer !== undefined) return { type: 'Accepted', answer };
  const { refused, outcomeReached, outcomePending, described, runDescribed, cancelNotice } = reply;
  if (isPresent(refused)) return { type: 'Refused', refusal: refusalToDomain(refused) };
  if (isPresent(outcomeReached)) {
    return { type: 'OutcomeReached', ...outcomeReached, outcome: outcomeToDomain(outcomeReached.outcome) };
  }
  if (isPresent(outcomePending)) return { type: 'OutcomePending', runId: outcomePending.runId };
  if (isPresent(runDescribed)) return runDescriptionToDomain(runDescribed);
  if (isPresent(described)) {
    return { type: 'Described', description: descriptionToDomain(described), stateBytes: described.stateBytes };
  }
  if (isPresent(cancelNotice)) return { type: 'CancelNotice', ...cancelNotice };
  throw new UnreadableRecordError('its answer is of a kind that this version does not know');
}

const runDescriptionToDomain = ({ snapshot, signals }: avro.RunDescription): Body => ({
  type: 'RunDescribed',
  run: runToDomain(snapshot),
  signals: signals.map(({ run: _, ...signal }) => signal),
});

function answerToDomain(reply: avro.Reply): Answer | undefined {
  const { acknowledged, scheduled, granted, heartbeatRecorded, runOpened } = reply;
  if (isPresent(granted)) return { type: 'Granted', startedAt: granted.startedAt };
  if (isPresent(acknowledged)) return { type: 'Acknowledged' };
  if (isPresent(scheduled)) return { type: 'Scheduled', runId: scheduled.runId, started: scheduled.started };
  if (isPresent(heartbeatRecorded)) return { type: 'HeartbeatRecorded', ...heartbeatRecorded };
  if (isPresent(runOpened)) return { type: 'RunOpened', runId: runOpened.runId, started: runOpened.started };
  return undefined;
}

const refusalToAvro = ({ attemptTimedOut, limit: _, ...refusal }: Refusal): avro.Refusal => ({
  ...refusal,
  attemptTimedOut: attemptTimedOut === true,
});

function refusalToDomain({ reason, message, existing, attemptTimedOut }: avro.Refusal): Refusal {
  const refusal: Refusal = { reason, message };
  setPresent(refusal, 'existing', existing);
  if (attemptTimedOut) setPresent(refusal, 'attemptTimedOut', true);
  return refusal;
}

function descriptionToDomain({ snapshot, heartbeat, ...given }: avro.ActivityDescription): Activity {
  const activity = { ...activityToDomain(snapshot), ...givenToDomain(given) };
  setPresent(activity, 'heartbeat', heartbeat);
  return activity;
}
