import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

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
      items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } },
    },
  },
} as const;

const always = [400, 401, 403, 404, 413, 422, 429, 503];

/** What an endpoint answers beside its success. */
export const Answers = (...others: readonly number[]): MethodDecorator =>
  applyDecorators(
    ...[...always, ...others].map((status) =>
      ApiResponse({
        status,
        description: problems[status] ?? '',
        content: { 'application/problem+json': { schema: problemSchema } },
      }),
    ),
  );
