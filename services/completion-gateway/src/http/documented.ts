import { applyDecorators } from '@nestjs/common';
import { ApiParam, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

const problems: Readonly<Record<number, string>> = {
  400: 'A field is wrong; `errors` names it.',
  401: 'Nobody knows who calls.',
  403: 'Not permitted in this namespace.',
  404: 'No such namespace, activity or run.',
  409: 'Already closed, already started, or the state does not allow it.',
  410: 'The attempt is not the current one.',
  413: 'Too large.',
  422: 'Well-formed, and still not possible.',
  429: 'Too many requests; see Retry-After.',
  503: 'No answer in time: repeat it with the same request id.',
};

const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, parameter: { type: 'string' }, detail: { type: 'string' } },
      },
    },
    runId: { type: 'string', description: 'With 409 of a start: of the run that has the id.' },
    startRequestId: { type: 'string', description: 'With 409 of a start: the request that started that run.' },
  },
} as const;

const always = [400, 401, 403, 404, 413, 422, 429, 503];

/** What an endpoint answers: its success, and the problems that there are beside those of every endpoint. */
export const Answers = (success: z.ZodType, ...others: readonly number[]): MethodDecorator =>
  applyDecorators(
    ApiResponse({ status: 200, description: 'As asked.', standardSchema: success }),
    ...[...always, ...others].map((status) =>
      ApiResponse({
        status,
        description: problems[status] ?? '',
        content: { 'application/problem+json': { schema: problemSchema } },
      }),
    ),
  );

/** Of a controller whose address has the namespace, which its methods learn by the caller. */
export const InNamespace = (): ClassDecorator =>
  applyDecorators(ApiParam({ name: 'namespace', schema: { type: 'string' }, description: 'Such as `default`.' }));
