import { status, type ServiceError } from '@grpc/grpc-js';
import protos from '@temporalio/proto';
import type { Told } from '../answer-of.ts';

const answers: ReadonlyMap<status, Told['answer']> = new Map([
  [status.NOT_FOUND, 'not-found'],
  [status.ALREADY_EXISTS, 'already-exists'],
  [status.INVALID_ARGUMENT, 'invalid-argument'],
  [status.FAILED_PRECONDITION, 'failed-precondition'],
]);

/** What a refused call was told. @throws the error itself when it is no refusal. */
export function toldOf(error: unknown): Told {
  const { code, details } = error as ServiceError;
  const answer = answers.get(code);
  if (answer === undefined) throw error;
  return { answer, message: details };
}

/** For a call that may end by its deadline. @throws the error itself when it is another. */
export function undefinedIfLate(error: unknown): undefined {
  if ((error as ServiceError).code !== status.DEADLINE_EXCEEDED) throw error;
}

/** The detail of a type that came with a refusal. Absent when there is none. */
export function detailOf(error: unknown, type: string): Uint8Array | undefined {
  const [packed] = (error as ServiceError).metadata.get('grpc-status-details-bin');
  if (!(packed instanceof Uint8Array)) return undefined;
  const { details } = protos.google.rpc.Status.decode(packed);
  return details.find(({ type_url }) => type_url === `type.googleapis.com/${type}`)?.value ?? undefined;
}
