import type { ServiceMetrics } from '@ratchet/service-kit';
import { Connections } from './connections.ts';
import { limitSettings, type LimitSettings } from './limits.settings.ts';
import { Quota, type Bound } from './quota.ts';
import { TimedQueue } from './timed-queue.ts';
import { Turns } from './turns.ts';

/** What is under way in this gateway, and how much of it may be. */
export interface Limits {
  readonly settings: LimitSettings;
  readonly grpc: DoorLimits;
  readonly http: DoorLimits;
  /** Of both doors: calls that wait for a task, an outcome or a change. */
  readonly polls: Quota;
  /** Of both doors: the bytes of the larger requests that are under way. */
  readonly bytes: Quota;
  /** Of both doors: requests that have begun to arrive. */
  readonly arriving: TimedQueue;
  /** Of both doors: a burst of one caller delays nobody else. */
  readonly turns: Turns;
  /** Of both doors: what is answered, whose callers send on. */
  readonly refused: TimedQueue;
  /** Of gRPC: those who watch the health, and have not said who they are. */
  readonly healthWatches: TimedQueue;
}

export interface DoorLimits {
  readonly connections: Connections;
  readonly calls: Quota;
}

/** How long whoever sends on may take to hear the answer, before stream or connection is closed. */
const refusedMsMax = 1_000;

/** Each limit has a setting; what is in use and what was refused has a metric. */
export function createLimits(settings: LimitSettings, metrics: Pick<ServiceMetrics, 'gauge' | 'counter'>): Limits {
  const reached = metrics.counter(
    'ratchet_limits_reached_total',
    'What was refused or closed because of a limit, by the setting of the limit',
    ['limit'],
  );
  const onReached = (variable: string): void => {
    reached.inc({ limit: variable });
  };
  const bound = (name: keyof LimitSettings): Bound => ({ variable: limitSettings[name].variable, max: settings[name] });
  const quota = (what: string, ofAll: keyof LimitSettings, ofOne: keyof LimitSettings): Quota =>
    new Quota({ what, ofAll: bound(ofAll), ofOne: bound(ofOne), onReached });
  const door = (
    calls: keyof LimitSettings,
    connections: keyof LimitSettings,
    onEach: keyof LimitSettings,
  ): DoorLimits => ({
    calls: quota('requests', calls, 'principalCallsMax'),
    connections: new Connections({
      known: { ofAll: bound(connections), ofOne: bound('principalConnectionsMax') },
      strangers: bound('strangersMax'),
      onEach: bound(onEach),
      onReached,
    }),
  });
  const limits = {
    settings,
    grpc: door('grpcCallsMax', 'grpcConnectionsMax', 'grpcStreamsMax'),
    http: door('httpRequestsMax', 'httpConnectionsMax', 'httpPipelineMax'),
    polls: quota('polls', 'pollsMax', 'principalPollsMax'),
    bytes: quota('bytes of requests', 'requestBytesMax', 'principalRequestBytesMax'),
    arriving: new TimedQueue({ count: bound('arrivingMax'), ms: bound('arrivalMsMax'), onReached }),
    turns: new Turns(),
    refused: new TimedQueue({
      count: bound('arrivingMax'),
      ms: { ...bound('arrivalMsMax'), max: refusedMsMax },
      onReached: () => undefined,
    }),
    healthWatches: new TimedQueue({
      count: bound('strangersMax'),
      ms: { ...bound('strangersMax'), max: Infinity },
      onReached,
    }),
  };
  showUse(limits, metrics);
  return limits;
}

function showUse({ grpc, http, polls, bytes, arriving }: Limits, { gauge }: Pick<ServiceMetrics, 'gauge'>): void {
  gauge('ratchet_grpc_calls', 'gRPC calls under way', () => grpc.calls.used);
  gauge('ratchet_grpc_connections', 'gRPC connections', () => grpc.connections.count);
  gauge('ratchet_http_requests', 'HTTP requests under way', () => http.calls.used);
  gauge('ratchet_http_connections', 'HTTP connections', () => http.connections.count);
  gauge('ratchet_polls', 'Calls that wait for a task, an outcome or a change', () => polls.used);
  gauge('ratchet_request_bytes', 'Bytes of the larger requests that are under way', () => bytes.used);
  gauge('ratchet_requests_arriving', 'Requests that have begun to arrive', () => arriving.count);
}
