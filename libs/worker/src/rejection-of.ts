const rejections = new WeakMap<AbortSignal, Promise<never>>();

/** Rejects with the signal's reason once it is aborted; one promise for a signal. That nobody waits for it is no error. */
export function rejectionOf(signal: AbortSignal): Promise<never> {
  const known = rejections.get(signal);
  if (known !== undefined) return known;
  const rejection = new Promise<never>((_, reject) => {
    onAborted(signal, () => {
      reject(signal.reason as Error);
    });
  });
  rejection.catch(() => undefined);
  rejections.set(signal, rejection);
  return rejection;
}

/** Whether `rejectionOf` listens to it. */
export const hasRejection = (signal: AbortSignal): boolean => rejections.has(signal);

/** Calls `react` once it is aborted, at once when it is. @returns what ends the listening. */
export function onAborted(signal: AbortSignal, react: () => void): () => void {
  if (signal.aborted) {
    react();
    return () => undefined;
  }
  signal.addEventListener('abort', react, { once: true });
  return () => {
    signal.removeEventListener('abort', react);
  };
}
