import type { Command } from './command.ts';
import type { ExecutionId, ReplyAddress, RunId } from './identity.ts';
import { cascadedReasonBytesMax, fanOutPageMax, idBytesMax, replyAddressBytesMax } from './limits.ts';
import type { CancellationRecord } from './message.ts';
import type { Query } from './query.ts';
import { isLongerThan, utf8Length } from './utf8.ts';

// What `decide` does not judge, and what whoever writes to Kafka can nevertheless make as large as a record. Each check says
// what is wrong with a record, or nothing; what is wrong was never written by Ratchet and is answered to nobody.

/** Where the answer to a command goes. All else of it is judged by `decide`, and its sender is answered. */
export const checkCommandRecord = ({ replyTo }: Command): string | undefined => checkReplyTo('replyTo', replyTo);

/** A question is kept until it is answered. */
export function checkQueryRecord(query: Query): string | undefined {
  const { requestId, replyTo } = query;
  return (
    checkReplyTo('replyTo', replyTo) ??
    checkText('requestId', requestId, replyAddressBytesMax) ??
    (query.type === 'AwaitRun'
      ? (checkIds('run', query.run) ?? checkText('signalName', query.known.signalName))
      : checkIds('target', query.target))
  );
}

/** A request becomes a command, and is judged there; a page becomes many; a notice is kept until it is settled. */
export function checkCancellationRecord(record: CancellationRecord): string | undefined {
  switch (record.type) {
    case 'CancelActivity':
    case 'CancelRun':
      return checkReplyTo('replyTo', record.replyTo);
    case 'FanOut':
      return checkPage(record);
    case 'NotifyWorker':
      return (
        checkIds('id', record.id) ??
        checkReplyTo('workerAddress', record.workerAddress) ??
        (Number.isSafeInteger(record.sentCount) && record.sentCount >= 0
          ? undefined
          : `sentCount is ${String(record.sentCount)}, where a count belongs`)
      );
    case 'NoticeSettled':
      return checkIds('id', record.id);
  }
}

function checkPage(page: Extract<CancellationRecord, { readonly type: 'FanOut' }>): string | undefined {
  const { run, requestId, identity, reason, activityIds } = page;
  if (activityIds.length > fanOutPageMax)
    return `activityIds has ${String(activityIds.length)} entries, and may have ${String(fanOutPageMax)}`;
  const long = activityIds.find((activityId) => isLongerThan(activityId, idBytesMax));
  return (
    checkIds('run', run) ??
    checkText('requestId', requestId) ??
    checkText('identity', identity) ??
    checkText('reason', reason, cascadedReasonBytesMax) ??
    (long === undefined ? undefined : checkText('activityIds', long))
  );
}

function checkIds(what: string, ids: ExecutionId | RunId): string | undefined {
  for (const [field, id] of Object.entries(ids) as [string, string][]) {
    const wrong = checkText(`${what}.${field}`, id);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function checkReplyTo(what: string, replyTo: ReplyAddress | undefined): string | undefined {
  if (replyTo === undefined) return undefined;
  const { partition, address } = replyTo;
  if (!Number.isSafeInteger(partition) || partition < 0)
    return `${what}.partition is ${String(partition)}, where a partition's number belongs`;
  return checkText(`${what}.address`, address, replyAddressBytesMax);
}

const checkText = (what: string, text: string, bytesMax = idBytesMax): string | undefined =>
  isLongerThan(text, bytesMax)
    ? `${what} has ${String(utf8Length(text))} bytes, and may have ${String(bytesMax)}`
    : undefined;
