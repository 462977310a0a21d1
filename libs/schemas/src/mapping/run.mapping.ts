import type { WorkflowRun } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { setPresent } from './set-present.ts';

export function runToDomain({ cancel, close, ...rest }: avro.RunSnapshot): WorkflowRun {
  const run: WorkflowRun = rest;
  setPresent(run, 'cancel', cancel);
  setPresent(run, 'close', close);
  return run;
}
