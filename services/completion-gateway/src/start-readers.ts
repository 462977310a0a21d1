import type { Outbox } from '@ratchet/kafka';
import type { Cluster } from '@ratchet/protocol';
import type { ServiceMetrics, SettingsChanges } from '@ratchet/service-kit';
import { CallbackSender, CallbacksReader, type CallbackSettings } from './callbacks/index.ts';
import { CompletionHandler, CompletionsReader } from './events/index.ts';
import type { FrontDoor } from './front-door/index.ts';

type ReadersConfig = CallbackSettings & { readonly sessionTimeoutMs: number };

export interface ReadersParts {
  readonly cluster: Cluster;
  readonly outbox: Outbox;
  readonly attempts: FrontDoor['attempts'];
  readonly config: ReadersConfig;
  readonly changes: SettingsChanges<ReadersConfig>;
  readonly metrics: ServiceMetrics;
}

/** What the gateway reads of the log: completion events, and the callbacks that are due where there is a secret to sign them with. */
export async function startReaders(parts: ReadersParts): Promise<{ stop(): Promise<void> }> {
  const { cluster, outbox, attempts, config } = parts;
  const { connection, codec } = cluster;
  const { sessionTimeoutMs } = config;
  const handler = new CompletionHandler({ codec, attempts });
  const completions = new CompletionsReader({ connection, outbox, handler, sessionTimeoutMs });
  const callbacks = config.callbackSecret === '' ? undefined : callbacksOf(parts);
  await Promise.all([completions.start(), callbacks?.start()]);
  return {
    stop: async () => {
      await Promise.all([completions.stop(), callbacks?.stop()]);
    },
  };
}

function callbacksOf({ cluster, outbox, config, changes, metrics }: ReadersParts) {
  let current: CallbackSettings = config;
  changes.onChange((changed) => () => {
    current = changed;
  });
  const { connection, codec } = cluster;
  const { sessionTimeoutMs, callbackBackoffMs: backoffMs, callbackRetryMs: retryMs } = config;
  const sender = new CallbackSender({
    secret: () => current.callbackSecret,
    hosts: () => current.callbackHosts,
    tracing: connection.tracing,
  });
  const reader = new CallbacksReader({
    connection,
    codec,
    outbox,
    sender,
    sessionTimeoutMs,
    backoffMs,
    retryMs,
    metrics,
  });
  return {
    start: () => reader.start(),
    stop: async () => {
      await reader.stop();
      await sender.close();
    },
  };
}
