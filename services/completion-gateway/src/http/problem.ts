/** One field that is wrong. */
export interface FieldProblem {
  /** Where, as a JSON Pointer (RFC 6901) into the body, or the name of a parameter. */
  readonly pointer?: string;
  readonly parameter?: string;
  readonly detail: string;
}

/** Problem details of RFC 9457, sent as `application/problem+json`. */
export interface Problem {
  /** `about:blank`: the status says it all. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** With status 400: which fields. */
  readonly errors?: readonly FieldProblem[];
  /** With status 409 of a start: who has the id. */
  readonly runId?: string;
  readonly startRequestId?: string;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

type ProblemExtras = Pick<Problem, 'errors' | 'runId' | 'startRequestId'>;

/** Where a status has no title of its own, that of its class. */
export const problem = (status: number, detail: string, extras: ProblemExtras = {}): Problem => ({
  type: 'about:blank',
  title: titles[status] ?? (status < 500 ? 'Bad Request' : 'Internal Server Error'),
  status,
  detail,
  ...extras,
});

/** Thrown by whoever knows the status. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(status: number, detail: string, extras: ProblemExtras = {}, options?: ErrorOptions) {
    super(detail, options);
    this.problem = problem(status, detail, extras);
  }
}

/** A field of the body that is wrong. */
export const wrongField = (pointer: string, detail: string, status: 400 | 422 = 400): ProblemError =>
  new ProblemError(status, `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
