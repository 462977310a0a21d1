import type { FastifyInstance, FastifyRequest } from 'fastify';
import secureJson from 'secure-json-parse';
import { ProblemError } from './problem.ts';

/** RFC 8259, and whatever is said to be a form of it (RFC 6839). */
const jsonType = /^application\/(?:[\w!#$&^.+-]+\+)?json(?:;|$)/;

/** Where deliveries arrive that are signed byte by byte, and whose content type is not. */
export const webhookRoute = '/webhooks/:name';

export const isWebhook = ({ routeOptions }: FastifyRequest): boolean => routeOptions.url === webhookRoute;

/**
 * Takes JSON and nothing else: any other content type, forms and plain text among them, is answered 415.
 *
 * A webhook is taken as bytes, whatever its content type says, since the signature does not cover that header: the
 * handler reads the JSON once the signature is verified.
 */
export function takeJsonOnly(instance: FastifyInstance, bodyBytesMax: number): void {
  instance.removeAllContentTypeParsers();
  instance.addHook('onRequest', (request, _, done) => {
    if (isWebhook(request)) request.headers['content-type'] = 'application/json';
    done();
  });
  instance.addContentTypeParser(
    jsonType,
    { parseAs: 'buffer', bodyLimit: bodyBytesMax },
    (request: FastifyRequest, bytes: Buffer, done) => {
      // Fastify hands on what a parser throws.
      done(null, isWebhook(request) ? bytes : parseJson(bytes));
    },
  );
}

/** @throws ProblemError 400 when the bytes are no JSON in UTF-8, or would name a prototype. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return secureJson.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError(400, `Expected a body of JSON in UTF-8, but: ${reason}`, {}, { cause });
  }
}
