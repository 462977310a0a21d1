import type { WorkerSdk } from '@ratchet/domain';
import type { temporal } from '@temporalio/proto';
import type { Caller, Principal } from '../front-door/index.ts';
import type { RequestTrace } from '../request-trace.ts';

type Service = temporal.api.workflowservice.v1.WorkflowService & temporal.api.operatorservice.v1.OperatorService;

/** The calls of the published services, as their types name them: `startActivityExecution`. No two have a name in common. */
export type MethodName = {
  [K in keyof Service]: Service[K] extends { readonly path: string } ? K : never;
}[keyof Service];

type Call<M extends MethodName> = Extract<Service[M], (request: never) => unknown>;
export type RequestOf<M extends MethodName> = Parameters<Call<M>>[0];
type Unset<R> = { [K in keyof R]?: R[K] | null | undefined };
export type ResponseOf<M extends MethodName> = Unset<Awaited<ReturnType<Call<M>>>>;

/** What is known of a call beside its request. */
export interface CallContext {
  readonly principal: Principal;
  /** The trace that the call belongs to. */
  readonly traced: Pick<RequestTrace, 'trace' | 'traceBegunHere'>;
  /** As the client names itself by `client-name` and `client-version`. Absent: it does not. */
  readonly client: () => WorkerSdk | undefined;
  /** How long the caller will wait, in milliseconds; absent: it did not say. */
  readonly timeoutMs: number | undefined;
  /**
   * For a call that waits: ends a second before the caller's patience, and after a minute (semantics section 2.7), and
   * when the caller goes.
   */
  readonly patience: () => AbortSignal;
}

export type Handler<M extends MethodName> = (
  request: RequestOf<M>,
  call: CallContext,
) => ResponseOf<M> | Promise<ResponseOf<M>>;

export type Handlers<M extends MethodName = MethodName> = { readonly [K in M]: Handler<K> };

/** Who calls, from what requests have in common. */
export const callerOf = (
  { namespace, identity }: { readonly namespace?: string | null; readonly identity?: string | null },
  { principal, traced: { trace, traceBegunHere } }: CallContext,
): Caller => ({ namespace: namespace ?? '', identity: identity ?? '', principal, trace, traceBegunHere });
