import type { CallbackRequest } from '@ratchet/domain';
import type { TraceContext, Tracing } from '@ratchet/kafka';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { callbackMessage } from './callback-message.ts';
import { ForbiddenAddressError, lookupWithin, reachOfUrl, type CallbackHost, type Reach } from './callback-hosts.ts';

export interface CallbackSenderOptions {
  /** `whsec_...`, as it is set now. */
  readonly secret: () => string;
  /** Where callbacks may go now. */
  readonly hosts: () => readonly CallbackHost[];
  /** How long an answer may take; 15 s by default. */
  readonly timeoutMs?: number;
  /** Absent: what is sent has no span. */
  readonly tracing?: Pick<Tracing, 'begin'>;
}

/** A receiver that answered, and not with success. */
export class CallbackRefusedError extends Error {
  override readonly name = 'CallbackRefusedError';
  readonly statusCode: number;

  constructor(url: string, statusCode: number) {
    super(`Expected to tell ${new URL(url).host} of an outcome, but it answers ${String(statusCode)}`);
    this.statusCode = statusCode;
  }
}

const timeoutMsDefault = 15_000;
const gone = 410;

/** Tells URLs of outcomes, signed as Standard Webhooks says. Redirections are not followed: they are no success. */
export class CallbackSender {
  readonly #options: CallbackSenderOptions;
  readonly #agents: Readonly<Record<Reach, Agent>>;

  constructor(options: CallbackSenderOptions) {
    this.#options = options;
    const { timeoutMs: timeout = timeoutMsDefault } = options;
    const agentOf = (reach: Reach): Agent =>
      new Agent({
        connect: { timeout, lookup: lookupWithin(reach) },
        headersTimeout: timeout,
        bodyTimeout: timeout,
      });
    this.#agents = { public: agentOf('public'), inside: agentOf('inside') };
  }

  /**
   * @param trace that the outcome belongs to.
   * @throws ForbiddenAddressError (rejects) when the URL may not be called; CallbackRefusedError for any answer but 2xx;
   * what the network says.
   */
  async send(callback: CallbackRequest, trace?: TraceContext): Promise<void> {
    const { url } = callback;
    const { hostname, port } = new URL(url);
    const attributes = {
      'http.request.method': 'POST',
      'server.address': hostname,
      ...(port === '' ? {} : { 'server.port': Number(port) }),
    };
    const span = this.#options.tracing?.begin({ name: 'POST', kind: 'client', attributes, about: callback }, trace);
    try {
      const statusCode = await this.#post(callback, span?.trace ?? trace);
      span?.set({ 'http.response.status_code': statusCode });
      if (statusCode < 200 || statusCode > 299) throw new CallbackRefusedError(url, statusCode);
      span?.end();
    } catch (error) {
      span?.end(error);
      throw error;
    }
  }

  /** @returns the status of the answer. */
  async #post(callback: CallbackRequest, { traceparent, tracestate }: TraceContext = {}): Promise<number> {
    const { hosts, timeoutMs = timeoutMsDefault } = this.#options;
    const { url } = callback;
    const reach = reachOfUrl(url, hosts());
    const { id, body } = callbackMessage(callback);
    const now = new Date();
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      dispatcher: this.#agents[reach],
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'ratchet',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        // Baggage is for those within.
        ...(traceparent === undefined ? {} : { traceparent }),
        ...(tracestate === undefined ? {} : { tracestate }),
        'webhook-signature': new Webhook(this.#options.secret()).sign(id, now, body),
      },
      body,
    });
    // What the receiver has to say is not read: it may be endless.
    answer.on('error', () => undefined).destroy();
    return statusCode;
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#agents).map((agent) => agent.destroy()));
  }
}

/** Whether trying again is of no use: the address is forbidden, or the receiver wants no more of it. */
export const isFinal = (error: unknown): boolean =>
  error instanceof ForbiddenAddressError ||
  (error instanceof Error && error.cause instanceof ForbiddenAddressError) ||
  (error instanceof CallbackRefusedError && error.statusCode === gone);
