import type { Exchange } from './exchange.ts';

/** Why a signal was aborted, as an error. */
export const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new Error(`Expected to wait, but: ${String(reason)}`);

/** The answer, unless the signal comes first: then the exchange fails with its reason. */
export async function endedBy<R>(signal: AbortSignal, exchange: Exchange, answer: Promise<R>): Promise<R> {
  const end = (): void => {
    exchange.fail(reasonOf(signal));
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    return await answer;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
