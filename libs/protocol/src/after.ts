/** What a timer of Node can hold: 24.8 days. A longer one goes off at once. */
const timerMsMax = 2 ** 31 - 1;

/** Calls back after so many milliseconds, be it a hundred years. @returns what ends the waiting. */
export function after(ms: number, act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (leftMs: number): void => {
    const partMs = Math.min(leftMs, timerMsMax);
    timer = setTimeout(() => {
      if (leftMs > partMs) wait(leftMs - partMs);
      else act();
    }, partMs);
  };
  wait(ms);
  return () => {
    clearTimeout(timer);
  };
}
