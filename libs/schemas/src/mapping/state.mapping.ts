import type { StateRecord } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { activityToAvro, activityToDomain } from './activity-snapshot.mapping.ts';
import { forwardedFromToDomain } from './forwarded-from.mapping.ts';
import { givenToAvro, givenToDomain } from './given.mapping.ts';
import { runToAvro, runToDomain } from './run.mapping.ts';
import { isPresent, isSome, setPresent } from './set-present.ts';

type StateType = StateRecord['type'];
type StateOf<T extends StateType> = Extract<StateRecord, { readonly type: T }>;

interface AvroState {
  readonly ActivitySnapshot: avro.ActivitySnapshot;
  readonly ActivityInput: avro.ActivityInput;
  readonly ActivityHeartbeat: avro.ActivityHeartbeat;
  readonly RunSnapshot: avro.RunSnapshot;
  readonly SignalSnapshot: avro.SignalSnapshot;
  readonly Progress: avro.Progress;
}

/** What to write; every state record's type is the name of its Avro record. */
export const stateWriters: { readonly [T in StateType]: (record: StateOf<T>) => AvroState[T] } = {
  ActivitySnapshot: ({ activity }) => activityToAvro(activity),
  ActivityInput: (record) => ({ ...givenToAvro(record), scheduleOffset: record.scheduleOffset }),
  ActivityHeartbeat: (record) => record,
  RunSnapshot: ({ run }) => runToAvro(run),
  SignalSnapshot: ({ run, signal }) => ({ run, ...signal }),
  Progress: ({ tokenKeyIds = [], unsentTopics = [], expiresFirstAt = null, ...record }) => ({
    ...record,
    tokenKeyIds,
    unsentTopics,
    expiresFirstAt,
  }),
};

export const stateReaders: { readonly [T in StateType]: (value: AvroState[T]) => StateOf<T> } = {
  ActivitySnapshot: (snapshot) => ({ type: 'ActivitySnapshot', activity: activityToDomain(snapshot) }),
  ActivityInput: (record) => ({
    type: 'ActivityInput',
    ...givenToDomain(record),
    scheduleOffset: record.scheduleOffset,
  }),
  ActivityHeartbeat: (heartbeat) => ({ type: 'ActivityHeartbeat', ...heartbeat }),
  RunSnapshot: (snapshot) => ({ type: 'RunSnapshot', run: runToDomain(snapshot) }),
  SignalSnapshot: ({ run, ...signal }) => ({ type: 'SignalSnapshot', run, signal }),
  Progress: ({ forwarded, tokenKeyIds, unsentTopics, expiresFirstAt, ...rest }) => {
    const progress: StateOf<'Progress'> = { type: 'Progress', ...rest };
    if (isPresent(forwarded)) setPresent(progress, 'forwarded', forwardedFromToDomain(forwarded));
    if (isSome(tokenKeyIds)) setPresent(progress, 'tokenKeyIds', tokenKeyIds);
    if (isSome(unsentTopics)) setPresent(progress, 'unsentTopics', unsentTopics);
    setPresent(progress, 'expiresFirstAt', expiresFirstAt);
    return progress;
  },
};
