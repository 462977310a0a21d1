import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { traceOfLine } from '@ratchet/kafka';
import type { ServiceLog } from '@ratchet/service-kit';
import type { FastifyReply } from 'fastify';
import type { CallAudit } from '../auth/index.ts';
import { problemOf } from './problem-of.ts';
import { refusedCall, traceOfRequest } from './request-context.ts';

/** After how long to try again, in seconds, when there is too much to do or no answer. */
const retryAfterSeconds = '1';

/** Every error leaves as problem details; what is ours to explain is logged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: ServiceLog;
  readonly #audit: Pick<CallAudit, 'refused'>;

  constructor(log: ServiceLog, audit: Pick<CallAudit, 'refused'>) {
    this.#log = log;
    this.#audit = audit;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const body = problemOf(error);
    this.#audit.refused({ ...refusedCall(reply.request), error });
    if (body.status >= 500)
      this.#log.warn(
        { err: error, ...traceOfLine(traceOfRequest(reply.request).trace) },
        'a request could not be answered',
      );
    if (reply.sent) return;
    if (body.status === 401 && !reply.hasHeader('www-authenticate')) void reply.header('www-authenticate', 'Bearer');
    if (body.status === 429 || body.status === 503) void reply.header('retry-after', retryAfterSeconds);
    void reply.status(body.status).header('content-type', 'application/problem+json').send(JSON.stringify(body));
  }
}
