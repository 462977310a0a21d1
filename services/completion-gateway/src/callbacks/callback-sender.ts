import type { CallbackRequest } from '@ratchet/domain';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { callbackMessage } from './callback-message.ts';
import { ForbiddenAddressError, forbiddenReason, lookupPublic } from './public-address.ts';

export interface CallbackSenderOptions {
  /** `whsec_...`, as it is set now. */
  readonly secret: () => string;
  /** Also to addresses that are not public. */
  readonly allowPrivate: boolean;
  /** How long an answer may take; 15 s by default. */
  readonly timeoutMs?: number;
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
  readonly #agent: Agent;

  constructor(options: CallbackSenderOptions) {
    this.#options = options;
    const { timeoutMs = timeoutMsDefault, allowPrivate } = options;
    this.#agent = new Agent({
      connect: { timeout: timeoutMs, ...(allowPrivate ? {} : { lookup: lookupPublic }) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /**
   * @throws ForbiddenAddressError (rejects) when the URL may not be called; CallbackRefusedError for any answer but 2xx;
   * what the network says.
   */
  async send(callback: CallbackRequest): Promise<void> {
    const { allowPrivate, timeoutMs = timeoutMsDefault } = this.#options;
    const { url } = callback;
    const reason = forbiddenReason(url, allowPrivate);
    if (reason !== undefined) throw new ForbiddenAddressError(`Expected to call ${url}, but ${reason}`);
    const { id, body } = callbackMessage(callback);
    const now = new Date();
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'ratchet',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(this.#options.secret()).sign(id, now, body),
      },
      body,
    });
    // What the receiver has to say is not read: it may be endless.
    answer.on('error', () => undefined).destroy();
    if (statusCode < 200 || statusCode > 299) throw new CallbackRefusedError(url, statusCode);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** Whether trying again is of no use: the address is forbidden, or the receiver wants no more of it. */
export const isFinal = (error: unknown): boolean =>
  error instanceof ForbiddenAddressError ||
  (error instanceof Error && error.cause instanceof ForbiddenAddressError) ||
  (error instanceof CallbackRefusedError && error.statusCode === gone);
