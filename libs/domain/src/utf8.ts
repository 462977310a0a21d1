/** From here on it costs less to encode a string than to look at each of its units. */
const longUnits = 1024;

/**
 * The length of a string in UTF-8, in bytes; without encoding it, unless it is long.
 *
 * A lone surrogate counts as the three bytes of its replacement character, as every encoder writes it.
 */
export function utf8Length(text: string): number {
  if (text.length > longUnits) return utf8Bytes(text).length;
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes: each half brings one more byte than the unit counted already.
    const pair = isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1));
    bytes += unit < 0x800 ? 1 : 2;
    if (pair) index++;
  }
  return bytes;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Whether a string is longer than `bytesMax` in UTF-8. Short ones, nearly all, are not even looked through. */
export const isLongerThan = (text: string, bytesMax: number): boolean =>
  text.length > bytesMax || (text.length * 3 > bytesMax && utf8Length(text) > bytesMax);

/** The longest beginning of a string that fits `bytesMax`, cut between characters. */
export function truncateUtf8(text: string, bytesMax: number): string {
  if (!isLongerThan(text, bytesMax)) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > bytesMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** The UTF-8 bytes of a string. */
export const utf8Bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
