import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { WorkerSdk } from '@ratchet/domain';
import { isRight } from '../fields/fields.ts';
import type { RequestTrace } from '../request-trace.ts';
import type { CallContext } from './handler.ts';

/** A caller gets its answer this long before it would give up. */
const marginMs = 1_000;
const longPollMsMax = 60_000;

// One for all: an error with its stack for each would cost more than the call.
const patienceIsOver = new Error('the caller waits no longer');

export interface OpenCall {
  readonly context: Omit<CallContext, 'principal'>;
  /** The call is answered: nothing is waited for any more. */
  readonly close: () => void;
}

export function callContext(call: ServerUnaryCall<Buffer, unknown>, traced: RequestTrace): OpenCall {
  const timeoutMs = timeoutMsOf(call);
  let timer: NodeJS.Timeout | undefined;
  let end: (() => void) | undefined;
  const patience = (): AbortSignal => {
    const controller = new AbortController();
    end = () => {
      controller.abort(patienceIsOver);
    };
    timer = setTimeout(end, Math.max(Math.min((timeoutMs ?? Infinity) - marginMs, longPollMsMax), 0));
    if (call.cancelled) end();
    else call.on('cancelled', end);
    return controller.signal;
  };
  return {
    context: { traced, client: () => clientOf(call), timeoutMs, patience },
    close: () => {
      clearTimeout(timer);
      if (end !== undefined) call.off('cancelled', end);
    },
  };
}

/** How the caller's SDK names itself. What is no name is none. */
export function clientOf(call: Pick<ServerUnaryCall<Buffer, unknown>, 'metadata'>): WorkerSdk | undefined {
  const name = headerOf(call, 'client-name');
  const version = headerOf(call, 'client-version');
  return name === '' && version === '' ? undefined : { name, version };
}

function headerOf(
  { metadata }: Pick<ServerUnaryCall<Buffer, unknown>, 'metadata'>,
  name: 'client-name' | 'client-version',
): string {
  const [value] = metadata.get(name);
  return isRight(name, value) ? value : '';
}

function timeoutMsOf(call: ServerUnaryCall<Buffer, unknown>): number | undefined {
  const deadline = call.getDeadline();
  const at = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(at) ? at - Date.now() : undefined;
}
