import type { Command } from '@ratchet/domain';

/** A command with nothing that may be left out. */
export const claim: Extract<Command, { readonly type: 'Claim' }> = {
  type: 'Claim',
  target: { namespace: 'n', workflowId: '', runId: 'r', activityId: 'a' },
  requestId: 'q',
  identity: 'w',
  attempt: { by: 'id' },
  claimId: 'c',
};
