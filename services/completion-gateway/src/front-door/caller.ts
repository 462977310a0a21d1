/** What someone may do in a namespace, each with what stands before it: reading; running activities; starting and ending them; everything. */
export type Role = 'reader' | 'worker' | 'writer' | 'admin';

/** Who calls, as far as it was proved. Whoever makes one has authenticated the call. */
export interface Principal {
  /** Shown in logs, never trusted for more. */
  readonly name: string;
  may(role: Role, namespace: string): boolean;
}

/** Where authentication is off: only on a loopback interface, unless the operator said otherwise. */
export const everyone: Principal = { name: 'everyone', may: () => true };

/** What a call says of itself, whichever door it came by. */
export interface Caller {
  /** As the request names it. Empty only where a task token names it. */
  readonly namespace: string;
  /** Free text for people, up to 1000 bytes; may be empty. */
  readonly identity: string;
  readonly principal: Principal;
  /** W3C trace context to go on with. */
  readonly traceparent?: string | undefined;
}
