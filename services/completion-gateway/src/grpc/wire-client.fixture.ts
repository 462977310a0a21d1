import { status, type ServiceError } from '@grpc/grpc-js';
import { messageType, type MessageType } from './wire/proto.ts';

export { WireClient } from './wire-client.ts';

export interface WireError {
  readonly code: string;
  readonly message: string;
  /** The detail of `grpc-status-details-bin`, with its type. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

interface Any {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** What a call that must fail says. */
export async function errorOf(call: Promise<unknown>): Promise<WireError> {
  try {
    await call;
  } catch (thrown) {
    const error = thrown as ServiceError;
    const [bytes] = error.metadata.get('grpc-status-details-bin');
    const detail = bytes instanceof Buffer ? { detail: detailIn(bytes) } : {};
    return { code: status[error.code], message: error.details, ...detail };
  }
  throw new Error('Expected the call to fail, but it was answered');
}

function detailIn(bytes: Buffer): Readonly<Record<string, unknown>> {
  const [any] = messageType<{ readonly details: readonly Any[] }>('google.rpc.Status').decode(bytes).details;
  if (any === undefined) throw new Error('Expected a detail, but there is none');
  const type: MessageType<object> = messageType(any.type_url.slice('type.googleapis.com/'.length));
  return { type: type.fullName.split('.').at(-1), ...type.decode(any.value) };
}
