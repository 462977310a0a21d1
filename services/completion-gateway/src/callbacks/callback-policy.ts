import { wrongField } from '../http/problem.ts';
import { ProblemError } from '../http/problem.ts';
import type { CallbackSettings } from './callbacks.settings.ts';
import { ForbiddenAddressError, reachOfUrl } from './callback-hosts.ts';

/** What a start may ask for. */
export type CallbackPolicy = Pick<CallbackSettings, 'callbackSecret' | 'callbackHosts'>;

/**
 * Refuses at once what could never be told.
 *
 * @throws ProblemError 422 that names the URL.
 */
export function checkCallbackPolicy(urls: readonly string[], policy: CallbackPolicy): void {
  if (urls.length > 0 && policy.callbackSecret === '') {
    throw new ProblemError(422, 'callbackUrls: callbacks are not enabled here (RATCHET_CALLBACK_SECRET is not set)');
  }
  for (const [index, url] of urls.entries()) {
    try {
      reachOfUrl(url, policy.callbackHosts);
    } catch (error) {
      if (!(error instanceof ForbiddenAddressError)) throw error;
      throw wrongField(`/callbackUrls/${String(index)}`, `it may not be called: ${error.message}`, 422);
    }
  }
}
