import { Ajv } from 'ajv';
import { httpClient, type Answered, type CallHttp } from './http-client.fixture.ts';

interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Calls an HTTP API with JSON, and fails where an answer is not as the API's own description says. */
export async function describedHttpClient(url: string, always: Readonly<Record<string, string>> = {}) {
  const call = httpClient(url, always);
  const { body } = await call('GET', '/openapi.json');
  const description = body as unknown as ApiDescription;
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true }).addSchema(body, 'api');
  const checked: CallHttp = async (method, path, ...rest) => {
    const answered = await call(method, path, ...rest);
    const template = templateOf(description, path);
    const operation = template === undefined ? undefined : description.paths[template]?.[method.toLowerCase()];
    if (template === undefined || operation === undefined) return answered;
    const { status } = answered;
    const said = `${method} ${path} answers ${String(status)} ${JSON.stringify(answered.body)}`;
    if (!(String(status) in operation.responses)) throw new Error(`${said}, which is not described`);
    const pointer = ['paths', template, method.toLowerCase(), 'responses', String(status), 'content', typeOf(answered)];
    const validate = ajv.getSchema(`api#/${pointer.map(escaped).join('/')}/schema`);
    if (validate === undefined) throw new Error(`${said}, but ${typeOf(answered)} is not described`);
    const isJson = typeOf(answered).endsWith('json');
    if (isJson && validate(answered.body) !== true) throw new Error(`${said}: ${ajv.errorsText(validate.errors)}`);
    return answered;
  };
  return checked;
}

/** The template of a path in the description, as `/activities/{activityId}`. */
const templateOf = ({ paths }: ApiDescription, path: string): string | undefined => {
  const [address = ''] = path.split('?');
  return Object.keys(paths).find((template) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(address));
};

const typeOf = ({ headers }: Answered): string => (headers.get('content-type') ?? '').split(';')[0] ?? '';

/** RFC 6901, in the fragment of an address. */
const escaped = (part: string): string => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
