import type { CancellationRecord, Command, ExecutionId, ForwardedFrom } from '@ratchet/domain';

type Request = Extract<CancellationRecord, { readonly type: 'CancelActivity' | 'CancelRun' | 'FanOut' }>;

/**
 * The commands that a request from outside, or a page of the scheduler's fan-out, asks for.
 *
 * They carry the asker's request id, identity, reason and address, so that the scheduler answers the asker itself; and
 * the place of the record they come from, so that after a crash their repetition is known.
 *
 * @param forwardedFrom the place of the command of an index.
 */
export function forwardedCommands(
  record: Request,
  forwardedFrom: (index: number) => ForwardedFrom,
): readonly Command[] {
  const { requestId, identity, reason } = record;
  const request = { requestId, identity, reason };
  switch (record.type) {
    case 'CancelActivity': {
      const { target, replyTo } = record;
      const from = { forwardedFrom: forwardedFrom(0) };
      return [{ type: 'RequestCancel', target, ...request, cascaded: false, ...answerTo(replyTo), ...from }];
    }
    case 'CancelRun': {
      const { run, replyTo } = record;
      return [{ type: 'RequestCancelRun', run, ...request, ...answerTo(replyTo), forwardedFrom: forwardedFrom(0) }];
    }
    case 'FanOut':
      return record.activityIds.map((activityId, index) => {
        const { run, cause, decidedOffset } = record;
        const target: ExecutionId = { ...run, activityId };
        const from = { forwardedFrom: forwardedFrom(index) };
        // An id may be used again as soon as its activity is closed: what was scheduled since is not meant.
        return cause === 'run-closed'
          ? { type: 'CloseWithRun', target, requestId, identity, closedOffset: decidedOffset, ...from }
          : { type: 'RequestCancel', target, ...request, cascaded: true, openBefore: decidedOffset, ...from };
      });
  }
}

const answerTo = <T>(replyTo: T | undefined): { readonly replyTo?: T } => (replyTo === undefined ? {} : { replyTo });
