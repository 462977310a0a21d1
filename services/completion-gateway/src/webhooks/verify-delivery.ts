import { Webhook as StandardWebhook } from 'standardwebhooks';
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
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) throw notSigned();
}

/**
 * Checks the signature, and that it is not older or newer than five minutes.
 *
 * @param secrets any of them may have signed it.
 * @returns the id of the delivery: every repetition has the same.
 * @throws ProblemError 401; a stranger is not told which part of it was wrong.
 */
export function verifyDelivery(secrets: readonly string[], headers: DeliveryHeaders, body: Buffer): string {
  const signed = signedHeaders(headers);
  if (!secrets.some((secret) => isSigned(secret, signed, body))) throw notSigned();
  return signed['webhook-id'] ?? '';
}

const signedHeaders = (headers: DeliveryHeaders): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, single(name, headers[name])]));

function single(name: FieldName, header: string | readonly string[] | undefined): string {
  const value = typeof header === 'string' ? header : header?.[0];
  if (!isRight(name, value)) throw notSigned();
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

const notSigned = (): ProblemError =>
  new ProblemError(401, 'The webhook is not signed, is signed otherwise, or is too old (Standard Webhooks).');
