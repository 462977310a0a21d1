import { Webhook as StandardWebhook } from 'standardwebhooks';
import { ProblemError } from '../http/problem.ts';

/** What Standard Webhooks puts beside the body. */
export type DeliveryHeaders = Readonly<Partial<Record<string, string | readonly string[]>>>;

const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
const headerLengthMax = 1000;
/** Older or newer is refused (Standard Webhooks). */
const toleranceSeconds = 5 * 60;
/** One of the signatures: `v1,` and 32 bytes in base64. */
const signatureShape = /(?:^| )v1,[A-Za-z0-9+/]{43}=(?: |$)/;

/**
 * Whether a delivery may be one that is signed, before its body is here.
 *
 * @throws ProblemError 401; a stranger is not told which part of it was wrong.
 */
export function checkDeliveryHeaders(headers: DeliveryHeaders): void {
  const { 'webhook-timestamp': timestamp = '', 'webhook-signature': signature = '' } = signedHeaders(headers);
  const isNow = /^\d{1,12}$/.test(timestamp) && Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceSeconds;
  if (!isNow || !signatureShape.test(signature)) throw notSigned();
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
  Object.fromEntries(names.map((name) => [name, single(headers[name])]));

function single(header: string | readonly string[] | undefined): string {
  const value = typeof header === 'string' ? header : header?.[0];
  if (value === undefined || value === '' || value.length > headerLengthMax) throw notSigned();
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
