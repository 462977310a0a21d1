import { CompleteAsyncError, Context } from '@ratchet/worker';
import { post } from './mailbox.ts';

export interface ReviewRequest {
  /** Where the reviewer looks. */
  readonly mailbox: string;
  readonly document: string;
}

export type Verdict = 'approved' | 'rejected';

/** Way 1, asynchronous completion: notifies the reviewer, who completes this very activity with the verdict. */
export async function review({ mailbox, document }: ReviewRequest): Promise<Verdict> {
  await notify(mailbox, { document, answerBy: 'completion' });
  throw new CompleteAsyncError();
}

/** Way 2, a signal: notifies the reviewer, and that is all; the verdict comes to the workflow as a signal. */
export const notifyReviewer = ({ mailbox, document }: ReviewRequest): Promise<void> =>
  notify(mailbox, { document, answerBy: 'signal' });

/** The first time the reviewer's system hangs: the worker is killed while it waits, so nobody reports an error. */
async function notify(
  mailbox: string,
  what: { readonly document: string; readonly answerBy: 'completion' | 'signal' },
): Promise<void> {
  const { attempt, activityId, workflowId, runId } = Context.current().info;
  if (attempt === 1) await new Promise<never>(() => undefined);
  post(mailbox, { ...what, workflowId, runId, activityId });
}
