import type { ActivityOptions } from './activity-options.ts';
import type { Checked } from './checked.ts';
import type { Schedule } from './command.ts';
import { normaliseOptions } from './normalise-options.ts';
import type { Refusal } from './refusal.ts';
import { currentRules, isAddressable } from './rules.ts';
import {
  checkCallbackUrls,
  checkHeader,
  checkId,
  checkIdConflictPolicy,
  checkIdReusePolicy,
  checkInput,
  checkLength,
  checkLinks,
  checkNamespace,
  checkNamespaceName,
  checkPathStep,
  checkRequest,
  checkRetention,
  checkUserMetadata,
  firstRefusal,
} from './validate.ts';

/**
 * Everything about a `Schedule` that can be judged without knowing any state, and its options in their normal form.
 * Semantics sections 1.1, 1.2 and 2.3.
 */
export function checkSchedule(command: Schedule, rules = currentRules): Checked<ActivityOptions> {
  const refusal = checkFields(command, rules);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const { namespace, activityId } = command.target;
  return normaliseOptions(command.options, { namespace, activityId, activityType: command.activityType });
}

/**
 * What a front door asks before it writes a `Schedule`: `decide` asks the same again.
 * @returns why it is refused, or nothing.
 */
export function validateSchedule(command: Schedule): Refusal | undefined {
  const checked = checkSchedule(command);
  return checked.kind === 'refused' ? checked.refusal : undefined;
}

function checkFields(command: Schedule, rules: number): Refusal | undefined {
  const { target } = command;
  return firstRefusal(
    isAddressable(rules) ? checkNamespaceName(target.namespace) : checkNamespace(target.namespace),
    checkId('activityId', target.activityId),
    isAddressable(rules) ? checkPathStep('activityId', target.activityId) : undefined,
    checkId('activityType', command.activityType),
    checkLength('workflowId', target.workflowId),
    // A standalone activity's run is named by its sender; a workflow's latest run may be left to us.
    target.workflowId === '' ? checkId('runId', target.runId) : checkLength('runId', target.runId),
    checkRequest(command),
    checkInput(command.input),
    checkHeader(command.header),
    checkIdReusePolicy(command.idReusePolicy),
    checkIdConflictPolicy(command.idConflictPolicy),
    checkRetention(command.retentionMs),
    checkCallbackUrls(command.callbackUrls ?? []),
    checkUserMetadata(command.userMetadata),
    checkLinks(command.links ?? []),
  );
}
