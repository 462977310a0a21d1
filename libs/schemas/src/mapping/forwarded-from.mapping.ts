import type { ForwardedFrom } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { isPresent } from './set-present.ts';

export function forwardedFromToDomain({ offset, index, appendedAt, proof }: avro.ForwardedFrom): ForwardedFrom {
  const place = { offset, index, appendedAt };
  return isPresent(proof) ? { ...place, proof } : place;
}
