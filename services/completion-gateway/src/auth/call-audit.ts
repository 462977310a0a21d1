import { HttpException } from '@nestjs/common';
import type { ServiceLog, ServiceMetrics } from '@ratchet/service-kit';
import { recorded, type Principal } from '../front-door/caller.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { ProblemError } from '../http/problem.ts';

/** A call that was not let in, as far as is known of it. */
export interface RefusedCall {
  readonly door: 'grpc' | 'http';
  /** The method of gRPC, or that of HTTP and the route. */
  readonly what: string;
  /** As the call names it; empty where it names none. */
  readonly namespace: string;
  /** Absent: nobody knows. */
  readonly principal?: Principal | undefined;
  /** The address that the connection comes from. */
  readonly from: string;
  readonly error: unknown;
}

/** `FOREIGN`: by another Host, or for a page of another Origin. */
type RefusedStatus = 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'RESOURCE_EXHAUSTED' | 'FOREIGN';

interface Line {
  readonly fields: Readonly<Record<string, string>>;
  readonly why: string;
  more: number;
}

/** Between the first line about a kind of refusal and the one that says how many more there were. */
const windowMsDefault = 60_000;
/** So many different lines in that time; of further ones only the number is said. */
const linesMax = 100;

/**
 * Counts the calls that are refused, and says who asked for what from where.
 *
 * The log is throttled, so that who is refused a thousand times a second neither fills it nor hides in it: what is refused
 * in the same way is said at once, and after a minute how often it came again. That there is too much at once is counted only.
 */
export class CallAudit {
  readonly #log: ServiceLog;
  readonly #count: (labels: { readonly door: RefusedCall['door']; readonly status: RefusedStatus }) => void;
  readonly #windowMs: number;
  readonly #lines = new Map<string, Line>();
  #others = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: ServiceLog, metrics: Pick<ServiceMetrics, 'counter'>, windowMs = windowMsDefault) {
    this.#log = log;
    this.#windowMs = windowMs;
    const counter = metrics.counter('ratchet_calls_refused_total', 'Calls that were not let in', ['door', 'status']);
    this.#count = (labels) => {
      counter.inc(labels);
    };
  }

  /** Told of every error that a call ends with; those that are no refusal at the door are passed over. */
  refused({ door, what, namespace, principal, from, error }: RefusedCall): void {
    const status = refusedStatus(error);
    if (status === undefined) return;
    this.#count({ door, status });
    if (status === 'RESOURCE_EXHAUSTED') return;
    const who = principal === undefined ? '' : recorded(principal);
    const key = JSON.stringify([door, status, what, who, from]);
    const line = this.#lines.get(key);
    if (line !== undefined) {
      line.more++;
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, this.#windowMs).unref();
    if (this.#lines.size >= linesMax) {
      this.#others++;
      return;
    }
    const fields = { audit: 'refused', door, status, who, what, namespace: namespace.slice(0, 200), from };
    const why = reasonOf(error);
    this.#lines.set(key, { fields, why, more: 0 });
    this.#log.warn(fields, `a call was refused: ${why}`);
  }

  /** Says how often what was said has come again, and begins anew. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { fields, why, more } of this.#lines.values()) {
      if (more > 0) this.#log.warn({ ...fields, more }, `calls were refused again: ${why}`);
    }
    if (this.#others > 0) {
      this.#log.warn({ audit: 'refused', more: this.#others }, 'calls were refused of which nothing else is said');
    }
    this.#lines.clear();
    this.#others = 0;
  }
}

/** With what its caller is not told. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { message, cause } = error;
  return (cause instanceof Error ? `${message} (${cause.message})` : message).slice(0, 300);
}

function refusedStatus(error: unknown): RefusedStatus | undefined {
  if (error instanceof FrontDoorError) return ofFrontDoor.get(error.status);
  if (error instanceof ProblemError) return ofHttp.get(error.problem.status);
  // What `refuseForeign` throws: nothing else of Nest's has these.
  if (error instanceof HttpException && [403, 421].includes(error.getStatus())) return 'FOREIGN';
  return undefined;
}

const ofFrontDoor: ReadonlyMap<string, RefusedStatus> = new Map([
  ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
  ['PERMISSION_DENIED', 'PERMISSION_DENIED'],
  ['RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED'],
]);
const ofHttp: ReadonlyMap<number, RefusedStatus> = new Map([
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [429, 'RESOURCE_EXHAUSTED'],
]);
