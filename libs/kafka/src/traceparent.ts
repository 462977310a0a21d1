/** The header that carries the W3C trace context through every hop. */
export const traceparentHeader = 'traceparent';

const length = 55;
const shape = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The trace that a record or a request comes with. What is not of the shape is none, and a new one begins (W3C Trace
 * Context section 4.3): whatever its sender put there does not travel on.
 */
export function readTraceparent(value: unknown): string | undefined {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  if (value.length !== length) return undefined;
  const text = value.toString();
  return shape.test(text) ? text : undefined;
}
