import { createHash } from 'node:crypto';

/**
 * The id of an activity that a request starts without naming one: it follows from the request, so that a repeated one
 * finds the activity, whoever of us takes it.
 *
 * @param requestId by which its sender repeats it.
 * @returns a UUID of version 8 (RFC 9562).
 */
export function activityIdOf(activityType: string, requestId: string): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([activityType, requestId]))
    .digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
