import type { temporal } from '@temporalio/proto';
import { FrontDoorError } from '../../front-door/index.ts';

type StartRequest = temporal.api.workflowservice.v1.IStartActivityExecutionRequest;

/**
 * What is peculiar to the wire in a start (semantics section 1.1); everything else is checked for every door alike.
 *
 * @throws FrontDoorError INVALID_ARGUMENT.
 */
export function checkStart(request: StartRequest): void {
  const { completionCallbacks, links, onConflictOptions } = request;
  if (countOf(completionCallbacks) > 0) throw invalid('completion callbacks are not enabled for this namespace');
  checkOnConflict(onConflictOptions, countOf(links));
  checkSearchAttributes(request);
}

const countOf = (list: readonly unknown[] | null | undefined): number => list?.length ?? 0;

function checkOnConflict(
  options: temporal.api.common.v1.IOnConflictOptions | null | undefined,
  linkCount: number,
): void {
  const { attachRequestId, attachCompletionCallbacks } = options ?? {};
  if (attachCompletionCallbacks === true && attachRequestId !== true) {
    throw invalid('on_conflict_options: attach_completion_callbacks requires attach_request_id to be set');
  }
  if (attachRequestId === true && linkCount === 0) {
    throw invalid('on_conflict_options: attach_request_id requires at least one completion callback or link');
  }
}

/** A namespace has no search attributes, and what nobody could ever search for is not taken as if they could. */
function checkSearchAttributes({ namespace, searchAttributes }: StartRequest): void {
  const [name] = Object.keys(searchAttributes?.indexedFields ?? {});
  if (name === undefined) return;
  throw invalid(`Namespace ${namespace ?? ''} has no mapping defined for search attribute ${name}`);
}

const invalid = (message: string): FrontDoorError => new FrontDoorError('INVALID_ARGUMENT', message);
