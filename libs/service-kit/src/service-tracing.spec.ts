import { tracesUrl } from './service-tracing.ts';

const warned: string[] = [];
const urlOf = (endpoint: string, variables: Readonly<Record<string, string>>): string | undefined =>
  tracesUrl(endpoint, variables, (message) => void warned.push(message));
beforeEach(() => {
  warned.length = 0;
});

test.each([
  ['', {}, undefined],
  ['http://ours:4318', {}, 'http://ours:4318/v1/traces'],
  ['http://ours:4318/root/', {}, 'http://ours:4318/root/v1/traces'],
  ['http://ours:4318', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318' }, 'http://ours:4318/v1/traces'],
  ['http://ours:4318', { OTEL_SDK_DISABLED: 'true' }, 'http://ours:4318/v1/traces'],
  ['', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318/' }, 'http://all:4318/v1/traces'],
  ['', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://one/spans' }, 'https://one/spans'],
  [
    '',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://one/spans', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318' },
    'https://one/spans',
  ],
  ['', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318', OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  ['', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  [
    '',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
    'http://all:4318/v1/traces',
  ],
])('of %j with %j spans go to %s', (endpoint, variables, expected) => {
  expect(urlOf(endpoint, variables)).toBe(expected);
  expect(warned).toEqual([]);
});

test('a receiver that only gRPC reaches is sent nothing, and the log says so', () => {
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:secret@all:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
  };
  expect(urlOf('', variables)).toBeUndefined();
  expect(warned).toEqual([expect.stringContaining("is 'grpc', and only OTLP by HTTP is spoken")]);
  expect(warned[0]).not.toContain('secret');
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'ftp://collector'],
])('%s of %s is refused by its name', (variable, url) => {
  expect(() => urlOf('', { [variable]: url })).toThrow(
    `Expected ${variable} to be a URL of http or https, but it is '${url}'`,
  );
});
