export interface HealthAnswer {
  readonly isReady: boolean;
  /** What it says of itself; empty when it gives no answer. */
  readonly text: string;
}

/** Asks a service how it is. */
export async function healthAt(url: string): Promise<HealthAnswer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return { isReady: response.ok, text: await response.text() };
  } catch {
    return { isReady: false, text: '' };
  }
}
