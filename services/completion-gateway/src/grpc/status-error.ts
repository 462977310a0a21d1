import { Metadata, status as codes, type ServerErrorResponse } from '@grpc/grpc-js';
import type { FrontDoorError } from '../front-door/index.ts';
import { type FrontDoorDetail } from '../front-door/index.ts';
import { messageType, type MessageType } from './wire/proto.ts';

interface Status {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly type_url: string; readonly value: Uint8Array }[];
}

const statusType = messageType<Status>('google.rpc.Status');
const detailType = <T>(name: string): MessageType<T> => messageType<T>(`temporal.api.errordetails.v1.${name}`);
const namespaceNotFound = detailType<{ readonly namespace: string }>('NamespaceNotFoundFailure');
const namespaceAlreadyExists = detailType<object>('NamespaceAlreadyExistsFailure');
const alreadyStarted = detailType<{ readonly runId: string; readonly startRequestId: string }>(
  'ActivityExecutionAlreadyStartedFailure',
);

/** Longest text in an error. It travels in trailers, and a client ends the connection over trailers it finds too long. */
const textBytesMax = 2000;

/** An error as gRPC says it; a detail goes along as `grpc-status-details-bin`, where the SDKs look for it. */
export function statusError({ status, message: whole, detail }: FrontDoorError): ServerErrorResponse {
  const code = codes[status];
  const message = shortened(whole);
  const error = Object.assign(new Error(message), { code, details: message });
  if (detail === undefined) return error;
  const metadata = new Metadata();
  const bytes = statusType.encode({ code, message, details: [anyOf(detail)] }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return Object.assign(error, { metadata });
}

/** What a caller sent may stand in what it is told, whatever its length. */
function shortened(text: string): string {
  const bytes = Buffer.from(text);
  // What is no text cannot be encoded as one.
  if (bytes.length <= textBytesMax) return text.toWellFormed();
  return `${new TextDecoder().decode(bytes.subarray(0, textBytesMax), { stream: true })}...`;
}

/** Something that a caller did not cause and can learn nothing from. */
export const internalError = (): ServerErrorResponse =>
  Object.assign(new Error('internal error'), { code: codes.INTERNAL, details: 'internal error' });

function anyOf(detail: FrontDoorDetail): Status['details'][number] {
  switch (detail.type) {
    case 'namespace-not-found':
      return any(namespaceNotFound, { namespace: shortened(detail.namespace) });
    case 'namespace-already-exists':
      return any(namespaceAlreadyExists, {});
    case 'activity-already-started':
      return any(alreadyStarted, { runId: detail.runId, startRequestId: detail.startRequestId });
  }
}

const any = <T>(type: MessageType<T>, message: T): Status['details'][number] => ({
  type_url: `type.googleapis.com/${type.fullName.replace(/^\./, '')}`,
  value: type.encode(message).finish(),
});
