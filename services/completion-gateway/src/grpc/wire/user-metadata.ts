import type { UserMetadata } from '@ratchet/domain';
import type { temporal } from '@temporalio/proto';
import { present } from '../../present.ts';
import { toPayload } from './payloads.ts';

type Wire = temporal.api.sdk.v1.IUserMetadata;
type WirePayload = temporal.api.common.v1.IPayload | null | undefined;

/** What people are told of an activity; nothing where that is nothing. */
export function toUserMetadataIfAny(wire: Wire | null | undefined): UserMetadata | undefined {
  const summary = toPayloadIfAny(wire?.summary);
  const details = toPayloadIfAny(wire?.details);
  return summary === undefined && details === undefined ? undefined : present({ summary, details });
}

const toPayloadIfAny = (payload: WirePayload): UserMetadata['summary'] =>
  payload === null || payload === undefined ? undefined : toPayload(payload);

/** The domain's value is the wire's: it is written as it is. */
export const fromUserMetadataIfAny = (metadata: UserMetadata | undefined): Wire | undefined => metadata;
