import { traceOfLine, type Tracing } from '@ratchet/kafka';
import { connectCluster, createTokenSigner, DeadlineClock, openRequestChannel } from '@ratchet/protocol';
import {
  clusterSettings,
  followTokenKeys,
  listenAt,
  missingRights,
  type ListenAddress,
  tokenKeyRing,
  type RunnerTools,
  type ServiceRunner,
} from '@ratchet/service-kit';
import { AnswerProbe } from './answer-probe.ts';
import { authConfig, CallAudit, createAuthenticator, openDoorsWarning, type AuthConfig } from './auth/index.ts';
import type { CompletionGatewayConfig } from './completion-gateway.config.ts';
import { createFrontDoor, type FrontDoor } from './front-door/index.ts';
import { GatewayRunner } from './gateway-runner.ts';
import { startReaders } from './start-readers.ts';
import { startGrpcServer } from './grpc/index.ts';
import { openHttpDoor } from './http/http-door.ts';
import { createLimits, type Limits } from './limits/index.ts';
import { openNamespaceTopic } from './namespace-topic.ts';
import { CallMetrics } from './call-metrics.ts';
import { QueueReaders } from './tasks/queue-readers.ts';

/** An answer that has not come by then is given up: the SDKs' own patience for a call is 30 s, and they try again. */
const requestTimeoutMs = 20_000;

/** Connects to the log, and opens the doors. */
export async function createCompletionGatewayRunner(
  config: CompletionGatewayConfig,
  tools: RunnerTools<CompletionGatewayConfig>,
): Promise<ServiceRunner> {
  const auth = authOf(config);
  const cluster = await connectCluster(clusterSettings(config, tools));
  const requests = await openRequestChannel(cluster, { requestTimeoutMs });
  const outbox = cluster.createOutbox({ metrics: tools.metrics.outbox });
  const namespaces = await openNamespaceTopic(cluster, outbox);
  const clock = new DeadlineClock();
  const { channel } = requests;
  const { log } = cluster.connection;
  const dispatch = new QueueReaders({
    cluster,
    channel,
    outbox,
    clock,
    log,
    sessionTimeoutMs: config.sessionTimeoutMs,
  });
  const tokens = createTokenSigner(tokenKeyRing(config));
  followTokenKeys(tools.changes, tokens, cluster);
  const limits = createLimits(config, tools.metrics);
  const { polls } = limits;
  const frontDoor = createFrontDoor({ channel, tokens, directory: namespaces.directory, dispatch, polls });
  return new GatewayRunner({
    members: cluster.connection.members,
    lacks: () => missingRights(cluster.connection),
    probe: new AnswerProbe(channel),
    open: async () => {
      const { tracing } = cluster.connection;
      const close = await openDoors({ frontDoor, limits, auth, tracing }, config, tools);
      const readers = await startReaders({
        cluster,
        outbox,
        attempts: frontDoor.attempts,
        config,
        changes: tools.changes,
        metrics: tools.metrics,
      });
      return async () => {
        await Promise.all([dispatch.stop(), close(), readers.stop()]);
      };
    },
    disconnect: async () => {
      clock.close();
      await namespaces.close();
      await requests.close();
      await outbox.close();
      await cluster.close();
    },
  });
}

const authOf = (config: CompletionGatewayConfig): AuthConfig =>
  authConfig(config, [
    { host: config.grpcHost, variable: 'RATCHET_GRPC_HOST' },
    { host: config.httpHost, variable: 'RATCHET_HTTP_HOST' },
  ]);

const grpcAddress = ({ grpcHost: host, grpcPort: port }: CompletionGatewayConfig): ListenAddress => ({
  host,
  port,
  hostVariable: 'RATCHET_GRPC_HOST',
  portVariable: 'RATCHET_GRPC_PORT',
});

const httpAddress = ({ httpHost: host, httpPort: port }: CompletionGatewayConfig): ListenAddress => ({
  host,
  port,
  hostVariable: 'RATCHET_HTTP_HOST',
  portVariable: 'RATCHET_HTTP_PORT',
});

/** What every door needs, whatever it speaks. */
interface BehindDoors {
  readonly frontDoor: FrontDoor;
  readonly limits: Limits;
  readonly auth: AuthConfig;
  readonly tracing: Tracing;
}

/** @returns what closes them, once all who came in have been answered. */
async function openDoors(
  { frontDoor, limits, auth, tracing }: BehindDoors,
  config: CompletionGatewayConfig,
  { log, metrics, changes }: RunnerTools<CompletionGatewayConfig>,
): Promise<() => Promise<void>> {
  const authenticator = createAuthenticator(auth);
  const audit = new CallAudit(log, metrics);
  const requests = new CallMetrics(metrics);
  let current = config;
  const { tls } = auth;
  const grpc = await listenAt(grpcAddress(config), () =>
    startGrpcServer({
      frontDoor,
      authenticator,
      limits,
      audit,
      metrics: requests,
      tracing,
      host: config.grpcHost,
      port: config.grpcPort,
      ...(tls === undefined ? {} : { tls }),
      onError: (method, error, trace) => {
        log.error({ err: error, method, ...traceOfLine(trace) }, 'a call failed');
      },
    }),
  );
  const http = await listenAt(httpAddress(config), () =>
    openHttpDoor({
      settings: config,
      frontDoor,
      authenticator,
      limits,
      audit,
      metrics: requests,
      tracing,
      tls,
      log,
      webhooks: () => current.webhooks,
      callbacks: () => current,
    }),
  );
  const warnOf = (used: AuthConfig): void => {
    const warning = openDoorsWarning(used, [grpc.address, http.url]);
    if (warning !== undefined) log.warn(warning);
  };
  log.info({ grpc: grpc.address, http: http.url }, 'the doors are open');
  warnOf(auth);
  changes.onChange((changed) => {
    const used = authOf(changed);
    return () => {
      current = changed;
      authenticator.use(used);
      if (used.tls !== undefined) {
        grpc.useTls(used.tls);
        http.useTls(used.tls);
      }
      warnOf(used);
    };
  });
  process.send?.({ type: 'doors', grpcAddress: grpc.address, httpUrl: http.url });
  return async () => {
    await Promise.all([grpc.stop(), http.close()]);
    audit.flush();
  };
}
