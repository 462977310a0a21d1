import type { Activity, Offset } from '@ratchet/domain';
import { FrontDoorError, type ActivityRef } from '../../front-door/index.ts';

/** Says up to where someone has seen an activity. It gives no right to anything, so it is not signed. */
export const writeLongPollToken = ({ id, version }: Activity): Uint8Array =>
  Buffer.from(JSON.stringify([id.namespace, id.activityId, id.runId, version]), 'utf8');

/**
 * The version that was seen, or why the token does not say: it cannot be read, or is of another activity. Semantics
 * section 2.4.
 *
 * @throws FrontDoorError INVALID_ARGUMENT when the run is not named.
 */
export function readLongPollToken(
  token: Uint8Array,
  namespace: string,
  { activityId, runId }: ActivityRef,
): Offset | FrontDoorError {
  if (runId === '') throw invalid('run id is required when long poll token is provided');
  const parts = partsOf(token);
  const version = Array.isArray(parts) && parts.length === 4 ? Number(parts[3]) : NaN;
  if (!Array.isArray(parts) || !Number.isSafeInteger(version)) return invalid('invalid long poll token');
  if (parts[0] !== namespace || parts[1] !== activityId || parts[2] !== runId) {
    return invalid('long poll token does not match execution');
  }
  return version;
}

function partsOf(token: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(token).toString('utf8'));
  } catch {
    return undefined;
  }
}

const invalid = (message: string): FrontDoorError => new FrontDoorError('INVALID_ARGUMENT', message);
