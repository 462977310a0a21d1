/** Whatever a JSON Schema (draft 7, which Helm 3 and 4 read) may say. */
export type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const given: Schema = { type: 'string', minLength: 1 };
const flag: Schema = { type: 'boolean' };
const anything: Schema = { type: 'object' };
const texts: Schema = { type: 'object', additionalProperties: text };
const key = pattern('^[-._a-zA-Z0-9]*$', 'A key in the Secret.');
const secretName = pattern(
  '^([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?)?$',
  'The name of a Secret in the namespace of the release; empty for none.',
);
const url = pattern('^(https?://[^/@]+(/.*)?)?$', 'http or https, without credentials: values are no secrets.');
const port = whole(1, 65_535);

function pattern(regex: string, description?: string): Schema {
  return { type: 'string', pattern: regex, ...(description === undefined ? {} : { description }) };
}

function whole(minimum: number, maximum: number): Schema {
  return { type: 'integer', minimum, maximum };
}

const oneOf = (...values: readonly string[]): Schema => ({ enum: values });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: keyof typeof definitions): Schema => ({ $ref: `#/definitions/${name}` });

/** An object that has these properties and no others. */
function shape(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) };
}

const quantity: Schema = {
  anyOf: [{ type: 'integer', minimum: 0 }, pattern('^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$')],
};
const quantities: Schema = { type: 'object', additionalProperties: quantity };
const memory = { ...quantities, required: ['memory'], description: 'The heap is a share of the memory limit.' };

const image = shape({
  repository: given,
  tag: pattern('^([A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?$'),
  digest: pattern('^(sha256:[0-9a-f]{64})?$'),
  pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
  pullSecrets: list(shape({ name: given }, ['name'])),
});

const environment = list({
  ...shape({ name: pattern('^[A-Za-z_][A-Za-z0-9_.-]*$'), value: text, valueFrom: anything }, ['name']),
  not: { required: ['value', 'valueFrom'] },
});

const oneKey = shape({ existingSecret: secretName, key });
const certificate = shape({ existingSecret: secretName, certificateKey: key, keyKey: key });

const brokers = list(pattern('^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$', 'host:port, such as kafka-1:9092.'));

const kafka = {
  rackAware: flag,
  tls: shape({ enabled: orNull(flag), serverName: text, ca: oneKey, client: certificate }),
  sasl: shape({
    mechanism: oneOf('', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'aws-msk-iam'),
    existingSecret: secretName,
    passwordKey: key,
    username: text,
    usernameKey: key,
    oauth: shape({
      tokenUrl: url,
      clientId: text,
      clientSecretKey: key,
      scope: text,
      ca: oneKey,
      extensions: {
        type: 'object',
        additionalProperties: pattern('^[ -+\\--~]+$'),
        propertyNames: pattern('^[A-Za-z]+$'),
      },
    }),
    awsRegion: text,
  }),
};

const pod = {
  heapPercentage: whole(10, 90),
  terminationGracePeriodSeconds: whole(16, 3_600),
  podDisruptionBudget: shape({
    enabled: flag,
    maxUnavailable: { anyOf: [{ type: 'integer', minimum: 1 }, pattern('^[1-9][0-9]?%$')] },
  }),
  spread: list(
    shape({ topologyKey: given, maxSkew: whole(1, 100), whenUnsatisfiable: oneOf('ScheduleAnyway', 'DoNotSchedule') }, [
      'topologyKey',
      'maxSkew',
      'whenUnsatisfiable',
    ]),
  ),
  annotations: texts,
  labels: texts,
  nodeSelector: texts,
  tolerations: list(anything),
  affinity: anything,
  priorityClassName: text,
  extraEnv: environment,
  extraVolumes: list(anything),
  extraVolumeMounts: list(anything),
};

const definitions = {
  image,
  environment,
  oneKey,
  certificate,
  kafka: shape({ brokers, ...kafka }),
  pod: shape(pod),
  service: shape({
    ...pod,
    replicas: whole(1, 1_000),
    // Another user, by other means; the brokers are those of all.
    kafka: shape(kafka),
    resources: shape({ requests: quantities, limits: memory, claims: list(anything) }, ['limits']),
  }),
  peers: list(shape({ ipBlock: anything, namespaceSelector: anything, podSelector: anything })),
  probe: shape({
    initialDelaySeconds: whole(0, 3_600),
    periodSeconds: whole(1, 300),
    timeoutSeconds: whole(1, 60),
    failureThreshold: whole(1, 1_000),
  }),
} satisfies Readonly<Record<string, Schema>>;

const gateway = shape({
  apiKeys: ref('oneKey'),
  jwt: shape({ issuer: text, audience: text, jwksUrl: url, publicKey: ref('oneKey'), permissionsClaim: given }),
  tls: shape({ existingSecret: secretName, certificateKey: key, keyKey: key, clientCa: ref('oneKey') }),
  allowUnauthenticated: flag,
  allowPlaintext: flag,
  allowedHosts: list(pattern('^[A-Za-z0-9.*-]+$')),
  webhooks: ref('oneKey'),
  callbacks: shape({ existingSecret: secretName, secretKey: key, hosts: list(given) }),
  service: shape({
    type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer'),
    grpcPort: port,
    httpPort: port,
    annotations: texts,
    loadBalancerClass: text,
    loadBalancerSourceRanges: list(text),
    trafficDistribution: oneOf('', 'PreferClose', 'PreferSameZone', 'PreferSameNode'),
  }),
  preStopSeconds: whole(0, 300),
  autoscaling: shape({
    enabled: flag,
    minReplicas: whole(1, 1_000),
    maxReplicas: whole(1, 1_000),
    targetCPUUtilizationPercentage: whole(1, 100),
  }),
});

const properties: Readonly<Record<string, Schema>> = {
  global: { type: 'object', description: 'Of a chart that has this one in it; not read.' },
  image: ref('image'),
  nameOverride: pattern('^([a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)?$'),
  fullnameOverride: pattern('^([a-z]([-a-z0-9]{0,38}[a-z0-9])?)?$'),
  commonLabels: texts,
  environment: oneOf('production', 'development'),
  prefix: { ...pattern('^[a-zA-Z0-9._-]{0,40}$'), not: { pattern: 'ratchet' } },
  partitions: orNull(whole(1, 1_000)),
  topics: oneOf('create', 'verify', 'trust'),
  listenHost: oneOf('0.0.0.0', '::'),
  replicationFactor: orNull(whole(1, 32_767)),
  minInsyncReplicas: orNull(whole(1, 32_767)),
  log: shape({
    level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
    format: oneOf('auto', 'pretty', 'json'),
  }),
  traces: shape({ endpoint: url, headers: ref('oneKey') }),
  kafka: { allOf: [ref('kafka'), { required: ['brokers'], properties: { brokers: { minItems: 1 } } }] },
  registry: shape(
    {
      url: pattern('^https?://[^/@]+(/.*)?$', 'http or https, without credentials: those stand in registry.auth.'),
      auth: shape({ existingSecret: secretName, usernameKey: key, passwordKey: key, tokenKey: key }),
      tls: shape({ ca: ref('oneKey'), client: ref('certificate') }),
    },
    ['url'],
  ),
  token: shape({ existingSecret: secretName, secretKey: { ...key, minLength: 1 }, keysKey: key }),
  gateway,
  state: shape({
    claim: shape({ enabled: flag, size: quantity, storageClassName: text, annotations: texts }),
    volume: { ...anything, minProperties: 1 },
    standbyCopies: whole(0, 10),
  }),
  pod: ref('pod'),
  services: shape({
    scheduler: ref('service'),
    'timeout-tracker': ref('service'),
    cancellation: ref('service'),
    'completion-gateway': ref('service'),
  }),
  probes: shape({ startup: ref('probe'), readiness: ref('probe'), liveness: ref('probe') }),
  serviceAccount: shape({ create: flag, name: text, annotations: texts }),
  podSecurityContext: anything,
  securityContext: anything,
  networkPolicy: shape({
    enabled: flag,
    monitoringFrom: ref('peers'),
    gatewayFrom: ref('peers'),
    kafkaTo: ref('peers'),
    kafkaPorts: list(port),
    registryTo: ref('peers'),
    registryPorts: list(port),
    extraIngress: list(anything),
    extraEgress: list(anything),
  }),
  serviceMonitor: shape({ enabled: flag, interval: pattern('^([0-9]+(ms|s|m|h))+$'), labels: texts }),
  prometheusRule: shape({ enabled: flag, labels: texts, runbookUrl: url }),
  dashboards: shape({ enabled: flag, labels: texts, annotations: texts }),
  ui: shape({
    enabled: flag,
    image: ref('image'),
    replicas: whole(1, 100),
    service: shape({ type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer'), port, annotations: texts }),
    ca: ref('oneKey'),
    env: ref('environment'),
    resources: shape({ requests: quantities, limits: quantities, claims: list(anything) }),
  }),
  test: shape({
    enabled: flag,
    namespace: given,
    apiKey: ref('oneKey'),
    ca: ref('oneKey'),
    client: ref('certificate'),
    serverName: text,
  }),
  extraManifests: list({ anyOf: [anything, text] }),
};

/** A schema that holds for what stands at `path` (`gateway.tls.existingSecret`), which must be there. */
function at(path: string, schema: Schema): Schema {
  return path.split('.').reduceRight((inner, name) => ({ required: [name], properties: { [name]: inner } }), schema);
}

const says = (path: string): Schema => at(path, { minLength: 1 });
const isFalse = (path: string): Schema => at(path, { const: false });

const asksForKeys: Schema = { anyOf: [says('gateway.apiKeys.existingSecret'), says('gateway.jwt.issuer')] };

/** What must go together. What the templates refuse in words of their own (`ratchet.check`) is not here. */
const rules: readonly Schema[] = [
  // services sign with it
  { if: at('environment', { const: 'production' }), then: says('token.existingSecret') },
  // someone must be asked who calls, unless it is said that nobody is
  {
    if: isFalse('gateway.allowUnauthenticated'),
    then: { anyOf: [...(asksForKeys['anyOf'] as Schema[]), says('gateway.tls.clientCa.existingSecret')] },
  },
  // keys and tokens travel encrypted, unless it is said that something else has TLS
  {
    if: { allOf: [isFalse('gateway.allowPlaintext'), asksForKeys] },
    then: says('gateway.tls.existingSecret'),
  },
  { if: says('gateway.tls.clientCa.existingSecret'), then: says('gateway.tls.existingSecret') },
  {
    if: says('gateway.jwt.issuer'),
    then: {
      allOf: [
        says('gateway.jwt.audience'),
        { oneOf: [says('gateway.jwt.jwksUrl'), says('gateway.jwt.publicKey.existingSecret')] },
      ],
    },
  },
];

type Values = Readonly<Record<string, unknown>>;

/** The properties that a schema names; none where it takes any. */
function propertiesOf({ properties: own, $ref, allOf = [] }: Schema): Readonly<Record<string, Schema>> {
  if (own !== undefined) return own as Readonly<Record<string, Schema>>;
  const [first] = allOf as readonly Schema[];
  const name = typeof $ref === 'string' ? ($ref.split('/').at(-1) ?? '') : '';
  const elsewhere = first ?? (definitions as Readonly<Record<string, Schema>>)[name];
  return elsewhere === undefined ? {} : propertiesOf(elsewhere);
}

/** Whoever says `null` takes a default away: only where there is none may nothing stand. */
function kept(defaults: Values, schema: Schema): Schema {
  const known = propertiesOf(schema);
  const given = Object.entries(defaults).filter(([name, value]) => name in known && value !== null);
  const nested = given.flatMap(([name, value]): [string, Schema][] => {
    const inner = isValues(value) ? kept(value, known[name] ?? {}) : {};
    return 'required' in inner ? [[name, inner]] : [];
  });
  return {
    ...(given.length === 0 ? {} : { required: given.map(([name]) => name) }),
    ...(nested.length === 0 ? {} : { properties: Object.fromEntries(nested) }),
  };
}

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ofChart = shape(properties, ['kafka', 'registry']);

/**
 * `values.schema.json` of the chart: what Helm checks values with before it renders anything.
 *
 * @param defaults its `values.yaml`: Helm checks what is given once it is laid over them.
 */
export const valuesSchemaOf = (defaults: Values): Schema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Values of the chart ratchet',
  ...ofChart,
  allOf: [...rules, kept(defaults, ofChart)],
  definitions,
});
