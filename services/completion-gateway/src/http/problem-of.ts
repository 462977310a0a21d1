import { HttpException } from '@nestjs/common';
import { FrontDoorError, type FrontDoorStatus } from '../front-door/front-door-error.ts';
import { problem, ProblemError, type Problem } from './problem.ts';

const statusOf: Readonly<Record<FrontDoorStatus, number>> = {
  INVALID_ARGUMENT: 422,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
};

/**
 * What the caller is told of an error. One of ours, or of the world behind us, is told as little as possible: 500.
 *
 * The shape of a request is checked before anything else is (400), so what the rules refuse then is well-formed: 422.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof FrontDoorError) return ofFrontDoor(error);
  if (error instanceof HttpException) return ofFrame(error.getStatus(), error.message);
  const status = statusCodeIn(error);
  if (status !== undefined && error instanceof Error) return ofFrame(status, error.message);
  return problem(500, 'Something went wrong here; the log of the completion-gateway says what.');
}

/** Of a content type that is none the frame says no more than the status. */
const ofFrame = (status: number, message: string): Problem =>
  problem(
    status,
    status === 415 ? 'Expected a body whose content-type is application/json, but it is no such' : message,
  );

function ofFrontDoor({ status, message, reason, detail }: FrontDoorError): Problem {
  if (reason === 'stale-attempt') return problem(410, `${message}: it is not the current attempt`);
  if (status === 'INVALID_ARGUMENT' && message.includes('exceeds length limit')) return problem(413, message);
  const existing =
    detail?.type === 'activity-already-started' ? { runId: detail.runId, startRequestId: detail.startRequestId } : {};
  return problem(statusOf[status], message, existing);
}

/** Fastify's own: a body that is no JSON, one that is too large, another content type. */
function statusCodeIn(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
