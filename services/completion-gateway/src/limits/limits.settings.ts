import { inEvery, wholeNumber, type ConfigOf, type Setting, type Settings } from '@ratchet/service-kit';

const mib = 1024 * 1024;

/** Completes "expected how many ...". */
const atMost = (variable: Setting<number>['variable'], what: string, value: number, [min, max] = [1, 1_000_000]) =>
  ({
    variable,
    expected: `${what}, from ${String(min)} to ${String(max)}; the default is ${String(value)}`,
    schema: wholeNumber(min, max),
    defaults: inEvery(value),
  }) satisfies Setting<number>;

/**
 * How much the gateway takes at once, over both doors where nothing else is said. A principal is whoever an API key or a
 * token proves; where nobody is asked, only the bounds of all together hold.
 */
export const limitSettings = {
  httpRequestsMax: atMost(
    'RATCHET_HTTP_REQUESTS_MAX',
    'how many HTTP requests may be under way, long polls included',
    10_000,
  ),
  grpcCallsMax: atMost('RATCHET_GRPC_CALLS_MAX', 'how many gRPC calls may be under way, polls included', 10_000),
  principalCallsMax: atMost(
    'RATCHET_PRINCIPAL_CALLS_MAX',
    'how many requests of one principal may be under way at each door, polls included',
    4_000,
  ),
  pollsMax: atMost(
    'RATCHET_POLLS_MAX',
    'how many polls (calls that wait for a task, an outcome or a change) may be open',
    8_000,
  ),
  principalPollsMax: atMost('RATCHET_PRINCIPAL_POLLS_MAX', 'how many polls of one principal may be open', 2_000),
  requestBytesMax: atMost(
    'RATCHET_REQUEST_BYTES_MAX',
    'how many bytes the larger requests that are under way may have together (those of less than 16 KiB do not count)',
    64 * mib,
    [8 * mib, 1024 * mib],
  ),
  principalRequestBytesMax: atMost(
    'RATCHET_PRINCIPAL_REQUEST_BYTES_MAX',
    'how many bytes the larger requests of one principal that are under way may have together',
    32 * mib,
    [8 * mib, 1024 * mib],
  ),
  arrivingMax: atMost(
    'RATCHET_ARRIVING_MAX',
    'how many requests may have begun to arrive and not be complete: the slowest gives way to the next',
    1_000,
  ),
  arrivalMsMax: atMost(
    'RATCHET_ARRIVAL_MS_MAX',
    'how long a request may take to arrive once its headers are here, in milliseconds',
    30_000,
    [100, 600_000],
  ),
  webhookBytesMax: atMost(
    'RATCHET_WEBHOOK_BYTES_MAX',
    'how many bytes a webhook may have, which is read before its signature can be verified',
    256 * 1024,
    [1024, 6 * mib],
  ),
  strangersMax: atMost(
    'RATCHET_STRANGERS_MAX',
    'how many connections to each door may have shown no key or token yet: the oldest gives way to the next',
    1_000,
  ),
  httpConnectionsMax: atMost(
    'RATCHET_HTTP_CONNECTIONS_MAX',
    'how many HTTP connections there may be of those who were let in: an idle one gives way to the next',
    10_000,
  ),
  httpPipelineMax: atMost(
    'RATCHET_HTTP_PIPELINE_MAX',
    'how many HTTP requests may be under way on one connection, sent without waiting for the answers',
    100,
  ),
  grpcConnectionsMax: atMost(
    'RATCHET_GRPC_CONNECTIONS_MAX',
    'how many gRPC connections there may be of those who were let in: an idle one gives way to the next',
    4_000,
  ),
  principalConnectionsMax: atMost(
    'RATCHET_PRINCIPAL_CONNECTIONS_MAX',
    'how many connections to each door one principal may have',
    1_000,
  ),
  grpcStreamsMax: atMost('RATCHET_GRPC_STREAMS_MAX', 'how many gRPC calls may be under way on one connection', 1_000),
  grpcIdleMsMax: atMost(
    'RATCHET_GRPC_IDLE_MS_MAX',
    'after how long without a call a gRPC connection is closed, in milliseconds',
    300_000,
    [1_000, 86_400_000],
  ),
} satisfies Settings;

export type LimitSettings = ConfigOf<typeof limitSettings>;
