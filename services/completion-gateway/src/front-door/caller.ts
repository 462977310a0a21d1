import type { TraceContext } from '@ratchet/kafka';

/** What someone may do in a namespace, each with what stands before it: reading; running activities; starting and ending them; everything. */
export type Role = 'reader' | 'worker' | 'writer' | 'admin';

/** Who calls, as far as it was proved. Whoever makes one has authenticated the call. */
export interface Principal {
  /** Shown in logs, never trusted for more. */
  readonly name: string;
  /** What proved it; `nothing` where nobody is asked. */
  readonly provedBy: 'api-key' | 'token' | 'certificate' | 'webhook' | 'kafka' | 'nothing';
  may(role: Role, namespace: string): boolean;
}

/** Where authentication is off: only on a loopback interface, unless the operator said otherwise. */
export const everyone: Principal = { name: 'everyone', provedBy: 'nothing', may: () => true };

/** The subject of a certificate may be of any length; what is recorded of it has at most so many characters. */
const recordedLengthMax = 255;

/** As it is recorded with a command and in the audit log: `api-key:billing`; empty where nothing was proved. */
export const recorded = ({ provedBy, name }: Principal): string =>
  provedBy === 'nothing' ? '' : `${provedBy}:${name.slice(0, recordedLengthMax)}`.toWellFormed();

/** What a call says of itself, whichever door it came by. */
export interface Caller {
  /** As the request names it. Empty only where a task token names it. */
  readonly namespace: string;
  /** Free text for people, up to 1000 bytes; may be empty. */
  readonly identity: string;
  readonly principal: Principal;
  /** To go on with; absent: what the call asks for begins one. */
  readonly trace?: TraceContext | undefined;
  /** The caller has named no trace: this door has begun it. */
  readonly traceBegunHere?: boolean;
}
