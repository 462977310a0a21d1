import { StandardSchemaValidationPipe } from '@nestjs/common';
import { ProblemError, type FieldProblem } from './problem.ts';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** So many fields are told of; a body of nonsense could have a million. */
const problemsMax = 20;

/** Checks bodies and parameters against their schemas; 400 names every field that is wrong. */
export const validation = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({
    exceptionFactory: (issues: readonly Issue[]) => {
      const errors = issues.slice(0, problemsMax).map(fieldProblem);
      const detail = errors.map(({ pointer = '', detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`));
      return new ProblemError(400, detail.join('; '), { errors });
    },
  });

const fieldProblem = ({ path = [], message }: Issue): FieldProblem => ({
  pointer: path.map((part) => `/${escaped(String(typeof part === 'object' ? part.key : part))}`).join(''),
  detail: message,
});

/** RFC 6901. */
const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 200);
