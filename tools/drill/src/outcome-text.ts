import type { ClosedStatus, Outcome } from '@ratchet/domain';

/** An outcome as notes and facts have it: `<status>: <result as JSON, or the failure's message>`. */
export const outcomeText = (status: ClosedStatus, said: string): string => `${status}: ${said}`;

export const textOf = (status: ClosedStatus, outcome: Outcome): string =>
  outcomeText(status, outcome.type === 'failure' ? outcome.failure.message : valueText(outcome.result[0]?.data));

/** A payload of plain JSON as it stands; nothing for no value. */
export const valueText = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString('utf8');
