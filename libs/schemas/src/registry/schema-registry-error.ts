/**
 * `RKT1101`: the registry does not answer, or not as a registry does. `RKT1102`: it refuses a schema. `RKT1103`: it has not got
 * a schema that services register.
 */
export type SchemaRegistryErrorCode = 'RKT1101' | 'RKT1102' | 'RKT1103';

/** The schema registry is away, or says no. Shaped as the operational errors of `@ratchet/kafka` are. */
export class SchemaRegistryError extends Error {
  override readonly name = 'SchemaRegistryError';
  readonly code: SchemaRegistryErrorCode;
  readonly retryable: boolean;

  constructor(message: string, code: SchemaRegistryErrorCode, retryable: boolean, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.retryable = retryable;
  }
}

/** The HTTP status that an error of the registry client carries. */
export const statusOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;

/** All but "you may not": what does not answer today may answer tomorrow. */
export const isRetryableStatus = (status: number): boolean => status !== 401 && status !== 403;

/** What a server has said, without line breaks and cut: it may be a page for a browser. */
export const inOneLine = (text: string, lengthMax = 200): string => {
  const words = text.replace(/\s+/g, ' ').trim();
  return words.length > lengthMax ? `${words.slice(0, lengthMax)}...` : words;
};
