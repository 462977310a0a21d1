import type { temporal } from '@temporalio/proto';
import { FrontDoorError } from '../../front-door/index.ts';
import { utf8Length } from '@ratchet/domain';

type StartRequest = temporal.api.workflowservice.v1.IStartActivityExecutionRequest;

const linksMax = 10;
const summaryBytesMax = 400;
const detailsBytesMax = 20_000;

/**
 * What is peculiar to the wire in a start (semantics section 1.1); everything else is checked for every door alike.
 *
 * @throws FrontDoorError INVALID_ARGUMENT.
 */
export function checkStart(request: StartRequest): void {
  const { completionCallbacks, links, onConflictOptions, userMetadata } = request;
  if (countOf(completionCallbacks) > 0) throw invalid('completion callbacks are not enabled for this namespace');
  const linkCount = countOf(links);
  if (linkCount > linksMax) {
    throw invalid(`cannot attach more than ${String(linksMax)} links per request, got ${String(linkCount)}`);
  }
  checkMetadata(userMetadata);
  checkOnConflict(onConflictOptions, linkCount);
  checkSearchAttributes(request);
}

const countOf = (list: readonly unknown[] | null | undefined): number => list?.length ?? 0;

function checkOnConflict(
  options: temporal.api.common.v1.IOnConflictOptions | null | undefined,
  linkCount: number,
): void {
  const { attachRequestId, attachCompletionCallbacks } = options ?? {};
  if (attachCompletionCallbacks === true && attachRequestId !== true) {
    throw invalid('attach_completion_callbacks requires attach_request_id');
  }
  if (attachRequestId === true && linkCount === 0) {
    throw invalid('attach_request_id requires a completion callback or a link');
  }
}

function checkMetadata(metadata: temporal.api.sdk.v1.IUserMetadata | null | undefined): void {
  checkSize('user_metadata.summary', metadata?.summary, summaryBytesMax);
  checkSize('user_metadata.details', metadata?.details, detailsBytesMax);
}

/** A namespace has no search attributes, and what nobody could ever search for is not taken as if they could. */
function checkSearchAttributes({ namespace, searchAttributes }: StartRequest): void {
  const [name] = Object.keys(searchAttributes?.indexedFields ?? {});
  if (name === undefined) return;
  throw invalid(`Namespace ${namespace ?? ''} has no mapping defined for search attribute ${name}`);
}

function checkSize(field: string, payload: temporal.api.common.v1.IPayload | null | undefined, bytesMax: number): void {
  const metadata = Object.entries(payload?.metadata ?? {});
  const bytes = metadata.reduce(
    (sum, [key, value]) => sum + utf8Length(key) + value.length,
    payload?.data?.length ?? 0,
  );
  if (bytes <= bytesMax) return;
  throw invalid(`${field} exceeds size limit. Length=${String(bytes)} Limit=${String(bytesMax)}`);
}

const invalid = (message: string): FrontDoorError => new FrontDoorError('INVALID_ARGUMENT', message);
