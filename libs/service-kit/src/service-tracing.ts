import { setTimeout as sleep } from 'node:timers/promises';
import type * as SdkTrace from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import { OperationalError, withoutCredentials } from '@ratchet/kafka';
import type { Variables } from './read-config.ts';
import type { ServiceLog } from './service-log.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface ServiceTracingParts {
  /** As in `scheduler`. */
  readonly name: string;
  /** The root of an OTLP receiver; empty: what OpenTelemetry's own variables name. */
  readonly endpoint: string;
  readonly log: ServiceLog;
  readonly metrics: Pick<ServiceMetrics, 'counter'>;
  readonly variables?: Variables;
}

export interface ServiceTracing {
  /** Sends what has ended, waiting for a receiver for a moment only. */
  stop(): Promise<void>;
}

/** How long a receiver may take for a batch, and how long the last one is waited for. */
const exportMsMax = 10_000;
const stopMsMax = 3_000;

/**
 * Registers an SDK of OpenTelemetry, which is loaded only where there is somewhere to send spans. What it keeps is bounded
 * (`OTEL_BSP_MAX_QUEUE_SIZE`, 2048 spans by default): what is more, or is refused by the receiver, is lost, counted, and stops
 * nothing. Of OpenTelemetry's own variables it heeds those of the SDK (on or off, sampler, sizes of batches, name and attributes of
 * the service) and of the exporter by HTTP, its endpoint among them.
 *
 * @throws OperationalError RKT1301 (rejects) for a sampler that there is not.
 */
export async function startTracing(parts: ServiceTracingParts): Promise<ServiceTracing> {
  const { name, endpoint, log, metrics, variables = process.env } = parts;
  const say = (message: string): void => {
    log.warn(`traces: ${message}`);
  };
  const url = tracesUrl(endpoint, variables, say);
  if (url === undefined) return { stop: () => Promise.resolve() };
  const [api, sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const nothing = (): void => undefined;
  api.diag.setLogger({ error: say, warn: say, info: nothing, debug: nothing, verbose: nothing });
  const sampler = samplerOf(sdk, variables);
  const counter = metrics.counter('ratchet_spans_total', 'Spans that were to be exported', ['result']);
  const exporter = counting(new OTLPTraceExporter({ url, timeoutMillis: exportMsMax }), (count, error) => {
    counter.inc({ result: error === undefined ? 'exported' : 'lost' }, count);
    if (error !== undefined) say(`${withoutCredentials(url)} does not take them: ${error.message}`);
  });
  const own = resources.resourceFromAttributes({ 'service.name': `ratchet-${name}` });
  const provider = new sdk.TracerProvider({
    resource: resources
      .defaultResource()
      .merge(own)
      .merge(
        resources.detectResources({
          detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector],
        }),
      ),
    sampler,
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter,
        exportTimeoutMillis: exportMsMax,
        ...batchSizes(variables),
      }),
    ],
  });
  api.trace.setGlobalTracerProvider(provider);
  return { stop: () => stopped(provider) };
}

/**
 * Where spans are sent, as OpenTelemetry's specification of the exporter has it; nothing where there is nowhere, or it says off.
 *
 * @param say told why, where there is somewhere that cannot be spoken to: whoever sets such variables for all processes of a
 * cluster means others, too.
 * @throws OperationalError RKT1301 for an endpoint that is no URL.
 */
export function tracesUrl(endpoint: string, variables: Variables, say: (message: string) => void): string | undefined {
  if (endpoint !== '') return below(endpoint);
  const url = isOff(variables) ? undefined : urlGiven(variables);
  const [protocol = ''] = givenOf(variables, 'EXPORTER_OTLP_TRACES_PROTOCOL', 'EXPORTER_OTLP_PROTOCOL');
  if (url === undefined || protocol === '' || protocol.startsWith('http/')) return url;
  say(
    `none are sent to ${withoutCredentials(url)}: OTEL_EXPORTER_OTLP_PROTOCOL is '${protocol.slice(0, 100)}', and only OTLP by HTTP is ` +
      'spoken (http/json, usually at port 4318)',
  );
  return undefined;
}

/** Values of OpenTelemetry's variables, without those that are empty, which counts as not set. */
const givenOf = (variables: Variables, ...names: readonly string[]): readonly string[] =>
  names.map((name) => variables[`OTEL_${name}`]?.trim() ?? '').filter((value) => value !== '');

const isOff = (variables: Variables): boolean =>
  givenOf(variables, 'SDK_DISABLED')[0]?.toLowerCase() === 'true' ||
  givenOf(variables, 'TRACES_EXPORTER')[0] === 'none';

function urlGiven(variables: Variables): string | undefined {
  const [ofTraces] = givenOf(variables, 'EXPORTER_OTLP_TRACES_ENDPOINT');
  if (ofTraces !== undefined) return urlIn('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', ofTraces);
  const [ofAll] = givenOf(variables, 'EXPORTER_OTLP_ENDPOINT');
  return ofAll === undefined ? undefined : below(urlIn('OTEL_EXPORTER_OTLP_ENDPOINT', ofAll));
}

function urlIn(variable: string, given: string): string {
  if (/^https?:\/\//.test(given) && URL.canParse(given)) return given;
  throw wrong(variable, 'a URL of http or https', given);
}

const below = (root: string): string => `${root.replace(/\/+$/, '')}/v1/traces`;

async function stopped(provider: { shutdown(): Promise<void> }): Promise<void> {
  await Promise.race([provider.shutdown().catch(() => undefined), sleep(stopMsMax, undefined, { ref: false })]);
}

/** What fails is told to `done` alone: the SDK would say it again for each batch. */
const counting = (exporter: SpanExporter, done: (count: number, error: Error | undefined) => void): SpanExporter => ({
  export: (spans: ReadableSpan[], callback) => {
    exporter.export(spans, ({ code, error }) => {
      done(spans.length, isExported(code) ? undefined : (error ?? new Error('it says no more')));
      callback(exported);
    });
  },
  forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  shutdown: () => exporter.shutdown(),
});

// `ExportResultCode.SUCCESS`, of a package of the SDK's own.
const isExported = (code: number): boolean => code === 0;
const success: unknown = { code: 0 };
const exported = success as Parameters<Parameters<SpanExporter['export']>[1]>[0];

function batchSizes(variables: Variables): { maxQueueSize?: number; scheduledDelayMillis?: number } {
  const [maxQueueSize, scheduledDelayMillis] = ['OTEL_BSP_MAX_QUEUE_SIZE', 'OTEL_BSP_SCHEDULE_DELAY'].map((name) =>
    Number(variables[name]),
  );
  return {
    ...(isCount(maxQueueSize) ? { maxQueueSize } : {}),
    ...(isCount(scheduledDelayMillis) ? { scheduledDelayMillis } : {}),
  };
}

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value) && Number(value) > 0;

type Sdk = typeof SdkTrace;

const samplers: Readonly<Record<string, (sdk: Sdk, ratio: number) => Sampler>> = {
  always_on: ({ AlwaysOnSampler }) => new AlwaysOnSampler(),
  always_off: ({ AlwaysOffSampler }) => new AlwaysOffSampler(),
  traceidratio: ({ TraceIdRatioBasedSampler }, ratio) => new TraceIdRatioBasedSampler(ratio),
};
const ofParent = 'parentbased_';

/** @throws OperationalError RKT1301. */
function samplerOf(sdk: Sdk, { OTEL_TRACES_SAMPLER: given, OTEL_TRACES_SAMPLER_ARG: ratio = '1' }: Variables): Sampler {
  const name = given === undefined || given === '' ? 'parentbased_always_on' : given;
  const make = samplers[name.startsWith(ofParent) ? name.slice(ofParent.length) : name];
  if (make === undefined) {
    const known = Object.keys(samplers).flatMap((each) => [each, ofParent + each]);
    throw wrong('OTEL_TRACES_SAMPLER', `one of ${known.join(', ')}`, name);
  }
  const share = Number(ratio);
  if (name.endsWith('traceidratio') && !(share >= 0 && share <= 1))
    throw wrong('OTEL_TRACES_SAMPLER_ARG', 'a number from 0 to 1', ratio);
  const root = make(sdk, share);
  return name.startsWith(ofParent) ? new sdk.ParentBasedSampler({ root }) : root;
}

const wrong = (variable: string, expected: string, given: string): OperationalError =>
  new OperationalError(`Expected ${variable} to be ${expected}, but it is '${given.slice(0, 100)}'`, 'RKT1301', false);
