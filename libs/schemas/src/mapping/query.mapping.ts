import type { ActivityQuery, KnownOfRun, LargePart, Query } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import type { RecordMapping } from './record-mapping.ts';
import { isPresent, isSome, setPresent } from './set-present.ts';

/** A question about a run names it as a target without an activity id. */
export const queryMapping: RecordMapping<Query, avro.ActivityQuery> = {
  record: 'ActivityQuery',
  toAvro: (query) => {
    if (query.type !== 'AwaitRun') return { ...query, without: query.without ?? [] };
    const { run, known, ...rest } = query;
    return { ...rest, target: { ...run, activityId: '' }, awaitRun: known, without: [] };
  },
  toDomain: ({ type, target, awaitRun, scheduleOffset, without, ...rest }) => {
    if (type !== 'AwaitRun') {
      const query: ActivityQuery = { type, target, ...rest };
      setPresent(query, 'scheduleOffset', scheduleOffset);
      const known = without.filter(isLargePart);
      if (isSome(known)) setPresent(query, 'without', known);
      return query;
    }
    if (!isPresent(awaitRun)) throw new UnreadableRecordError('it does not say what is known of the run');
    const { namespace, workflowId, runId } = target;
    return { type, run: { namespace, workflowId, runId }, known: knownToDomain(awaitRun), ...rest };
  },
};

const largeParts: readonly string[] = ['input', 'heartbeat-details', 'result'] satisfies readonly LargePart[];

const isLargePart = (word: string): word is LargePart => largeParts.includes(word);

function knownToDomain({ status, ...rest }: avro.KnownOfRun): KnownOfRun {
  const known: KnownOfRun = rest;
  setPresent(known, 'status', status);
  return known;
}
