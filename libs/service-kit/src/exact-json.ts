/** A longer number is none that anybody means. */
const numberLengthMax = 100;

const decimal = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/**
 * As `JSON.parse`, but no number in it is another than the one that is written. Of zero the sign is passed over.
 *
 * @throws SyntaxError when it is no JSON, or has a number that a double would round.
 */
export const parseExactJson = (text: string): unknown =>
  JSON.parse(text, ((_: string, value: unknown, { source = '' }: { readonly source?: string }) => {
    if (typeof value !== 'number') return value;
    if (isExact(source, value)) return value === 0 ? 0 : value;
    throw new SyntaxError(`the number ${source.slice(0, numberLengthMax)} would be rounded to ${String(value)}`);
  }) as Parameters<typeof JSON.parse>[1]);

const isExact = (source: string, value: number): boolean =>
  source.length <= numberLengthMax && Number.isFinite(value) && canonical(source) === canonical(String(value));

/** Its digits without zeros at either end, and the power of ten of the last one. */
function canonical(source: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = decimal.exec(source) ?? [];
  const digits = whole + fraction;
  const significant = digits.replace(/0+$/, '');
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return significant === '' ? '0' : `${significant.replace(/^0+/, '')}e${String(power)}`;
}
