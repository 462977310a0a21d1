import type { WorkflowRun } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { rememberedToAvro, rememberedToDomain } from './remembered-id.mapping.ts';
import { setPresent } from './set-present.ts';

export function runToAvro(run: WorkflowRun): avro.RunSnapshot {
  const { ids, until } = rememberedToAvro(run.recentSignalIds);
  return { ...run, recentSignalIds: ids, recentSignalIdsUntil: until };
}

export function runToDomain({
  timeoutAt,
  driver,
  cancel,
  close,
  recentSignalIds,
  recentSignalIdsUntil,
  ...rest
}: avro.RunSnapshot): WorkflowRun {
  const remembered = rememberedToDomain({ ids: recentSignalIds, until: recentSignalIdsUntil });
  const run: WorkflowRun = { ...rest, recentSignalIds: remembered };
  setPresent(run, 'timeoutAt', timeoutAt);
  setPresent(run, 'driver', driver);
  setPresent(run, 'cancel', cancel);
  setPresent(run, 'close', close);
  return run;
}
