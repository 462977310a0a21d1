import { Webhook as StandardWebhook } from 'standardwebhooks';
import { epochMillis, type EpochMillis } from '@ratchet/domain';
import { isRight, type FieldName } from '../fields/fields.ts';
import { ProblemError } from '../http/problem.ts';

/** What Standard Webhooks puts beside the body. */
export type DeliveryHeaders = Readonly<Partial<Record<string, string | readonly string[]>>>;

const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
/** Older or newer is refused (Standard Webhooks). */
const toleranceSeconds = 5 * 60;

/**
 * Whether a delivery may be one that is signed, before its body is here.
 *
 * @throws ProblemError 401; a stranger is not told which part of it was wrong.
 */
export function checkDeliveryHeaders(headers: DeliveryHeaders): void {
  const { 'webhook-timestamp': timestamp } = signedHeaders(headers);
  const isNow = Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceSeconds;
  if (!isNow) throw notSigned('it is older or newer than five minutes');
}

/**
 * Checks the signature, and that it is not older or newer than five minutes.
 *
 * @param secrets any of them may have signed it.
 * @throws ProblemError 401; a stranger is not told which part of it was wrong.
 */
export function verifyDelivery(secrets: readonly string[], headers: DeliveryHeaders, body: Buffer): VerifiedDelivery {
  const signed = signedHeaders(headers);
  if (!secrets.some((secret) => isSigned(secret, signed, body))) throw notSigned('no secret fits');
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp } = signed;
  // It is of some time in that second.
  return { id, issuedAt: epochMillis(Number(timestamp) * 1000 + 999) };
}

export interface VerifiedDelivery {
  /** Every repetition has the same. */
  readonly id: string;
  /** When it was sent, this time. */
  readonly issuedAt: EpochMillis;
}

const signedHeaders = (headers: DeliveryHeaders): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, single(name, headers[name])]));

function single(name: FieldName, header: string | readonly string[] | undefined): string {
  const value = typeof header === 'string' ? header : header?.[0];
  if (!isRight(name, value)) throw notSigned(`its ${name} is missing or of another shape`);
  return value;
}

function isSigned(secret: string, headers: Record<string, string>, body: Buffer): boolean {
  try {
    new StandardWebhook(secret).verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** @param reason for the operator alone. */
export const notSigned = (reason: string): ProblemError =>
  new ProblemError(
    401,
    'The webhook is unknown here, is not signed, is signed otherwise, or is too old (Standard Webhooks).',
    {},
    { cause: new Error(reason) },
  );
