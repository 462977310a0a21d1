/** What kafkajs's mechanisms are given to speak to a broker with. */
interface MechanismParts {
  readonly saslAuthenticate: (step: {
    readonly request: object;
    readonly response?: {
      readonly decode: (bytes: Buffer) => Promise<Buffer>;
      readonly parse: (bytes: Buffer) => Promise<void>;
    };
  }) => Promise<unknown>;
}

export type MechanismProvider = (sasl: object) => (parts: MechanismParts) => object;

/**
 * kafkajs's OAUTHBEARER, which hears a refusal.
 *
 * Trap: a broker that does not take a token says so within an answer without an error code (RFC 7628, section 3.2.3), and kafkajs
 * does not look at the answer: it believes to be let in, and whatever it asks then fails with a closed connection.
 */
export const honestOauth =
  (own: MechanismProvider): MechanismProvider =>
  (sasl) =>
  (parts) =>
    own(sasl)({ ...parts, saslAuthenticate: ({ request }) => parts.saslAuthenticate({ request, response: refusal }) });

const refusal = {
  decode: (bytes: Buffer): Promise<Buffer> => Promise.resolve(bytes),
  // kafkajs hands out the answer with its length before it: of a broker that lets in, nothing follows.
  parse: (bytes: Buffer): Promise<void> => {
    const said = bytes.subarray(lengthBytes).toString();
    return said === '' ? Promise.resolve() : Promise.reject(new Error(`the broker answers ${said}`));
  },
};

const lengthBytes = 4;
