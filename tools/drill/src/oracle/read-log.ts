import { isClosed, type Activity, type Command, type Query, type Reply, type StateRecord } from '@ratchet/domain';
import type { InputRecord } from '@ratchet/kafka';
import { readTopic } from '@ratchet/kafka/testing';
import type { Cluster } from '@ratchet/protocol';
import { topics, topicSpecs, UnreadableRecordError } from '@ratchet/schemas';
import { textOf } from '../outcome-text.ts';
import type { DeadLetter, Fact, LogFacts, Report, TokenAttempt } from './facts.ts';

/** A record and what it says. */
interface Read<T> {
  readonly record: InputRecord;
  readonly value: T;
}

/** What was asked about which activity, by `questionKey`: what a reply to it is about. */
type Asked = ReadonlyMap<string, string>;

/** A request id is its asker's own, and the next one may have the same. */
const questionKey = (address: string, requestId: string): string => `${address} ${requestId}`;

/**
 * Reads all topics to their ends, as far as they are committed, and tells what they say of activities.
 *
 * @param taskTopics of the queues that were used: their dead letters count, too.
 */
export async function readLog(cluster: Cluster, taskTopics: readonly string[]): Promise<LogFacts> {
  const { codec } = cluster;
  const commands = await readAll(cluster, topics.commands, codec.decodeCommand);
  const queries = await readAll(cluster, topics.queries, codec.decodeQuery);
  const replies = await readAll(cluster, topics.replies, codec.decodeReply);
  const states = await readAll(cluster, topics.executions, codec.decodeState);

  const asked: Asked = new Map([...commands, ...queries].flatMap(({ value }) => questionOf(value)));
  const decided = new Map(
    commands.map((command) => [decisionKey(command.value.requestId, command.record.offset), command]),
  );
  return {
    facts: [...replies.flatMap(({ value }) => factsOfReply(value, decided, asked)), ...states.flatMap(factsOfState)],
    deadLetters: await readDeadLetters(cluster, taskTopics),
  };
}

function questionOf(asked: Command | Query): readonly (readonly [key: string, id: string])[] {
  if ((asked.type !== 'AwaitOutcome' && asked.type !== 'Schedule') || asked.replyTo === undefined) return [];
  return [[questionKey(asked.replyTo.address, asked.requestId), asked.target.activityId]];
}

/** What cannot be read is in a dead-letter topic, or it is no record of this drill. */
async function readAll<T>(
  { connection }: Cluster,
  topic: string,
  decode: (bytes: Buffer) => T | Promise<T>,
): Promise<readonly Read<T>[]> {
  const records = await readTopic(connection, topic);
  const read: Read<T>[] = [];
  for (const record of records) {
    if (record.value === null) continue;
    try {
      read.push({ record, value: await decode(record.value) });
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
    }
  }
  return read;
}

const decisionKey = (requestId: string, offset: number): string => `${String(offset)} ${requestId}`;

function factsOfReply(reply: Reply, decided: ReadonlyMap<string, Read<Command>>, asked: Asked): readonly Fact[] {
  const { address, body, offset, requestId } = reply;
  if (body.type === 'Described') return outcomeOf(body.description);
  if (body.type === 'OutcomeReached') {
    const id = asked.get(questionKey(address, requestId));
    const outcome = textOf(body.status, body.outcome);
    return id === undefined ? [] : [{ id, partition: -1, fact: 'outcome', offset, outcome }];
  }
  if (body.type !== 'Accepted') return [];
  const command = decided.get(decisionKey(requestId, offset));
  return command === undefined ? [] : factsOfAccepted(command, body.answer);
}

/** A description may leave the result out (`LargePart`), and then tells nothing of it. */
const outcomeOf = (activity: Activity): readonly Fact[] =>
  isClosed(activity) && !(activity.outcome.type === 'success' && activity.outcome.result.length === 0)
    ? [
        {
          id: activity.id.activityId,
          partition: -1,
          fact: 'outcome',
          offset: activity.version,
          outcome: textOf(activity.status, activity.outcome),
        },
      ]
    : [];

type Answer = Extract<Reply['body'], { readonly type: 'Accepted' }>['answer'];

function factsOfAccepted({ record, value: command }: Read<Command>, answer: Answer): readonly Fact[] {
  const { partition, offset } = record;
  switch (command.type) {
    case 'Schedule': {
      const of = { id: command.target.activityId, partition, offset };
      return answer.type === 'Scheduled' && answer.started ? [{ ...of, fact: 'scheduled' }] : [];
    }
    case 'Claim': {
      const token = tokenOf(command.attempt);
      if (token === undefined || answer.type !== 'Granted') return [];
      const { claimId, target } = command;
      const { startedAt } = answer;
      return [{ id: target.activityId, partition, offset, fact: 'granted', claimId, startedAt, ...token }];
    }
    case 'RecordHeartbeat':
    case 'Complete':
    case 'Fail':
    case 'ReportCanceled':
      return [acceptedReport(command, partition, offset)];
    default:
      return [];
  }
}

function acceptedReport(command: Extract<Command, { readonly type: Report }>, partition: number, offset: number): Fact {
  const token = tokenOf(command.attempt);
  const reportId = 'reportId' in command ? command.reportId : undefined;
  return {
    id: command.target.activityId,
    partition,
    offset,
    fact: 'accepted',
    report: command.type,
    ...(token === undefined ? {} : { token }),
    ...(reportId === undefined ? {} : { reportId }),
  };
}

function tokenOf(attempt: Extract<Command, { readonly type: Report }>['attempt']): TokenAttempt | undefined {
  if (attempt.by === 'id') return undefined;
  const { by: _, ...token } = attempt;
  return token;
}

function factsOfState({ record, value }: Read<StateRecord>): readonly Fact[] {
  if (value.type !== 'ActivitySnapshot') return [];
  const { activity } = value;
  const { id, version, scheduleOffset, scheduledAt, status } = activity;
  return [
    {
      id: id.activityId,
      partition: record.partition,
      fact: 'state',
      place: record.offset,
      offset: version,
      scheduleOffset,
      scheduledAt,
      status,
      ...(isClosed(activity) ? { outcome: textOf(activity.status, activity.outcome) } : {}),
    },
  ];
}

/** Of every topic that there is from the start, and of the task queues. */
async function readDeadLetters({ connection }: Cluster, taskTopics: readonly string[]): Promise<readonly DeadLetter[]> {
  const steady = topicSpecs({ replication: 'development' }).map(({ name }) => name);
  const names = [...steady.filter((name) => name.endsWith('.dlq')), ...taskTopics.map((name) => `${name}.dlq`)];
  const letters: DeadLetter[] = [];
  for (const topic of names) {
    for (const { key, headers } of await readTopic(connection, topic)) {
      letters.push({ topic, key: key ?? '', reason: String(headers['ratchet-dlq-reason'] ?? 'without a reason') });
    }
  }
  return letters;
}
