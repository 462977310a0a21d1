import type { Failure } from './failure.ts';
import { truncateFailure } from './failures.ts';
import { failureBytes, headerBytes, payloadBytes } from './size.ts';
import { applicationFailure, payloads } from './stage.fixture.ts';

const failure: Failure = {
  message: 'message',
  source: 'src',
  stackTrace: 'stack',
  encodedAttributes: { metadata: { k: new Uint8Array(2) }, data: new Uint8Array(10) },
  info: { type: 'application', errorType: 'Type', nonRetryable: true, details: payloads('12345') },
  cause: applicationFailure('cause', { errorType: 'C' }),
};

test('sizes count every byte of texts and values', () => {
  expect(payloadBytes({ metadata: { enc: new Uint8Array(4) }, data: new Uint8Array(5) })).toBe(12);
  expect(headerBytes({ é: { metadata: {}, data: new Uint8Array(5) } })).toBe(7);
  const own = 7 + 3 + 5 + (1 + 2 + 10) + 4 + 5;
  expect(failureBytes(failure)).toBe(own + 5 + 'TypeScriptSDK'.length + 1);
});

test.each<{ info: Failure['info']; bytes: number }>([
  { info: { type: 'none' }, bytes: 0 },
  { info: { type: 'server', nonRetryable: true }, bytes: 0 },
  { info: { type: 'timeout', timeoutType: 'heartbeat', lastHeartbeatDetails: payloads('123') }, bytes: 3 },
  { info: { type: 'canceled', details: payloads('123'), identity: 'me' }, bytes: 5 },
  { info: { type: 'terminated', identity: 'me' }, bytes: 2 },
])('$info.type is $bytes bytes', ({ info, bytes }) => {
  expect(failureBytes({ message: '', source: '', stackTrace: '', info })).toBe(bytes);
});

test.each<{ bytesMax: number; kept: readonly (string | undefined)[] }>([
  { bytesMax: 100, kept: ['Type', 'src', 'message', 'stack', 'cause'] },
  { bytesMax: 19, kept: ['Type', 'src', 'message', 'stack', undefined] },
  { bytesMax: 17, kept: ['Type', 'src', 'message', 'sta', undefined] },
  { bytesMax: 10, kept: ['Type', 'src', 'mes', '', undefined] },
  { bytesMax: 2, kept: ['Ty', '', '', '', undefined] },
])('$bytesMax bytes go to type, source, message, stack and cause in turn', ({ bytesMax, kept }) => {
  const cut = truncateFailure(failure, bytesMax, false);
  const errorType = cut.info.type === 'application' ? cut.info.errorType : undefined;
  expect([errorType, cut.source, cut.message, cut.stackTrace, cut.cause?.message]).toEqual(kept);
  expect(cut.info).toMatchObject({ nonRetryable: true, details: [] });
  expect(cut).not.toHaveProperty('encodedAttributes');
});

test('what is not of an application or the server loses its kind', () => {
  const canceled: Failure = { ...failure, info: { type: 'canceled', details: payloads('x'), identity: 'me' } };
  expect(truncateFailure(canceled, 100, false).info).toEqual({ type: 'none' });
  const server: Failure = { ...failure, info: { type: 'server', nonRetryable: true } };
  expect(truncateFailure(server, 100, false).info).toEqual({ type: 'server', nonRetryable: true });
});
