import {
  isClosed,
  type Activity,
  type Command,
  type ExecutionId,
  type Query,
  type Reply,
  type StateRecord,
} from '@ratchet/domain';
import type { InputRecord } from '@ratchet/kafka';
import { textOf } from '../outcome-text.ts';
import type { Fact, Report, TokenAttempt } from './facts.ts';

/** A record and what it says. */
export interface Read<T> {
  readonly record: Pick<InputRecord, 'partition' | 'offset'>;
  readonly value: T;
}

/** All that the topics hold, as far as it is committed and can be read. */
export interface ReadTopics {
  readonly commands: readonly Read<Command>[];
  readonly queries: readonly Read<Query>[];
  readonly replies: readonly Read<Reply>[];
  readonly states: readonly Read<StateRecord>[];
}

/** By what an activity is known in notes and facts: no two of those that are judged have the same. */
export type NameOf = (id: ExecutionId) => string;

/** What was asked about which activity, by `questionKey`: what a reply to it is about. */
type Asked = ReadonlyMap<string, string>;

/** A request id is its asker's own, and the next one may have the same. */
const questionKey = (address: string, requestId: string): string => `${address} ${requestId}`;

/** What the topics say of activities. */
export function factsOf({ commands, queries, replies, states }: ReadTopics, nameOf: NameOf): readonly Fact[] {
  const asked: Asked = new Map([...commands, ...queries].flatMap(({ value }) => questionOf(value, nameOf)));
  const decided = new Map(
    commands.map((command) => [decisionKey(command.value.requestId, command.record.offset), command]),
  );
  return [
    ...replies.flatMap(({ value }) => factsOfReply(value, { decided, asked, nameOf })),
    ...states.flatMap((state) => factsOfState(state, nameOf)),
  ];
}

function questionOf(asked: Command | Query, nameOf: NameOf): readonly (readonly [key: string, id: string])[] {
  if ((asked.type !== 'AwaitOutcome' && asked.type !== 'Schedule') || asked.replyTo === undefined) return [];
  return [[questionKey(asked.replyTo.address, asked.requestId), nameOf(asked.target)]];
}

const decisionKey = (requestId: string, offset: number): string => `${String(offset)} ${requestId}`;

interface Known {
  readonly decided: ReadonlyMap<string, Read<Command>>;
  readonly asked: Asked;
  readonly nameOf: NameOf;
}

function factsOfReply(reply: Reply, { decided, asked, nameOf }: Known): readonly Fact[] {
  const { address, body, offset, requestId } = reply;
  if (body.type === 'Described') return outcomeOf(body.description, nameOf);
  if (body.type === 'OutcomeReached') {
    const id = asked.get(questionKey(address, requestId));
    const outcome = textOf(body.status, body.outcome);
    return id === undefined ? [] : [{ id, partition: -1, fact: 'outcome', offset, outcome }];
  }
  if (body.type !== 'Accepted') return [];
  const command = decided.get(decisionKey(requestId, offset));
  return command === undefined ? [] : factsOfAccepted(command, body.answer, nameOf);
}

/** A description may leave the result out (`LargePart`), and then tells nothing of it. */
const outcomeOf = (activity: Activity, nameOf: NameOf): readonly Fact[] =>
  isClosed(activity) && !(activity.outcome.type === 'success' && activity.outcome.result.length === 0)
    ? [
        {
          id: nameOf(activity.id),
          partition: -1,
          fact: 'outcome',
          offset: activity.version,
          outcome: textOf(activity.status, activity.outcome),
        },
      ]
    : [];

type Answer = Extract<Reply['body'], { readonly type: 'Accepted' }>['answer'];

function factsOfAccepted({ record, value: command }: Read<Command>, answer: Answer, nameOf: NameOf): readonly Fact[] {
  const { partition, offset } = record;
  switch (command.type) {
    case 'Schedule': {
      const of = { id: nameOf(command.target), partition, offset };
      return answer.type === 'Scheduled' && answer.started ? [{ ...of, fact: 'scheduled' }] : [];
    }
    case 'Claim': {
      const token = tokenOf(command.attempt);
      if (token === undefined || answer.type !== 'Granted') return [];
      const { claimId, target } = command;
      const { startedAt } = answer;
      return [{ id: nameOf(target), partition, offset, fact: 'granted', claimId, startedAt, ...token }];
    }
    case 'RecordHeartbeat':
    case 'Complete':
    case 'Fail':
    case 'ReportCanceled':
      return [acceptedReport(command, record, nameOf)];
    default:
      return [];
  }
}

function acceptedReport(
  command: Extract<Command, { readonly type: Report }>,
  { partition, offset }: Read<Command>['record'],
  nameOf: NameOf,
): Fact {
  const token = tokenOf(command.attempt);
  const reportId = 'reportId' in command ? command.reportId : undefined;
  return {
    id: nameOf(command.target),
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

function factsOfState({ record, value }: Read<StateRecord>, nameOf: NameOf): readonly Fact[] {
  if (value.type !== 'ActivitySnapshot') return [];
  const { activity } = value;
  const { id, version, scheduleOffset, scheduledAt, status } = activity;
  return [
    {
      id: nameOf(id),
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
