/** What a call of the HTTP API came back with. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** JSON where it is such, text otherwise. */
  readonly body: Readonly<Record<string, unknown>>;
}

export type CallHttp = (
  method: 'GET' | 'HEAD' | 'POST',
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answered>;

/** Calls an HTTP API with JSON. A string is sent as it is. */
export const httpClient =
  (url: string, always: Readonly<Record<string, string>> = {}): CallHttp =>
  async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...always, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && (response.headers.get('content-type') ?? '').includes('json');
    const read = (isJson ? JSON.parse(text) : { text }) as Answered['body'];
    return { status: response.status, headers: response.headers, body: read };
  };
