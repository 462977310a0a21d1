import { CompleteAsyncError, Context } from '@ratchet/worker';
import { post } from './mailbox.ts';

export interface ApprovalRequest {
  /** The folder that the outside process watches. */
  readonly mailbox: string;
  readonly text: string;
}

/** What the outside process completes the activity with. */
export interface ApprovalResult {
  readonly sha256: string;
  readonly completedBy: 'task token' | 'ids';
  /** Of the outside process: proof that no worker made this up. */
  readonly pid: number;
}

/** Leaves its task token for a process outside, and ends without a result: that process completes it later. */
export function awaitApprovalByToken({ mailbox, text }: ApprovalRequest): Promise<ApprovalResult> {
  const { activityId, taskToken } = Context.current().info;
  post(mailbox, { activityId, taskToken: Buffer.from(taskToken).toString('base64'), text });
  throw new CompleteAsyncError();
}

/** Leaves no more than its id. */
export function awaitApprovalByIds({ mailbox, text }: ApprovalRequest): Promise<ApprovalResult> {
  const { activityId } = Context.current().info;
  post(mailbox, { activityId, text });
  throw new CompleteAsyncError();
}
