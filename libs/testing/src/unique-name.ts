import { randomBytes } from 'node:crypto';

/** A name that no other test, and no earlier run on the same broker, has used: `<prefix>-<12 letters and digits>`. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
