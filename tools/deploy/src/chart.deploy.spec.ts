import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertsOf, type RuleFile } from './alerts.ts';
import { CHART, cases, helm, manifestsIn, rendered, ROOT, type Manifest } from './chart.ts';
import { departures } from './conformance.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
  readonly lifecycle?: object;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly projected?: { readonly sources: readonly Source[] } }[];
  readonly securityContext: object;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly topologySpreadConstraints: readonly { readonly topologyKey: string }[];
}

interface Source {
  readonly secret: {
    readonly name: string;
    readonly items: readonly { readonly key: string; readonly path: string }[];
  };
}

const SERVICES = ['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'];
const caseOf = (name: string): string => cases.get(name) ?? name;
const of = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);
const named = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = of(manifests, kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`Expected a ${kind} ${name} in the chart, but there is none`);
  return found;
};
const podOf = ({ kind, spec }: Manifest): PodSpec =>
  (kind === 'Pod' ? spec : (spec['template'] as { spec: PodSpec }).spec) as PodSpec;
const podsOf = (manifests: readonly Manifest[]): readonly PodSpec[] =>
  manifests.filter(({ kind }) => ['Deployment', 'Pod', 'StatefulSet', 'Job'].includes(kind)).map(podOf);
/** What makes the pods of a service: of the one that keeps something a StatefulSet. */
const ownerOf = (manifests: readonly Manifest[], service: string): Manifest =>
  named(manifests, service === 'scheduler' ? 'StatefulSet' : 'Deployment', `ratchet-${service}`);
const serviceOf = (manifests: readonly Manifest[], service: string): Container => {
  const [container] = podOf(ownerOf(manifests, service)).containers;
  if (container === undefined) throw new Error(`Expected a container in ${service}, but there is none`);
  return container;
};
const variablesOf = ({ env }: Container): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(env.map(({ name, value }) => [name, value]));
const secretsOf = (pod: PodSpec): readonly string[] =>
  (pod.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ secret }) =>
      secret.items.map(({ key, path }) => `${path} = ${secret.name}/${key}`),
    ),
  );

/** The path of a file with these values. */
function valuesFile(values: object): string {
  const file = join(mkdtempSync(join(tmpdir(), 'ratchet-values-')), 'values.json');
  writeFileSync(file, JSON.stringify(values));
  return file;
}

describe.each([...cases])('the values of %s', (_name, values) => {
  it('please the linter', () => {
    const { code, stdout } = helm(['lint', '--strict', CHART, '--values', values]);
    expect({ code, problems: stdout.match(/\[(WARNING|ERROR)\].*/g) }).toEqual({ code: 0, problems: null });
  });

  it('make what Kubernetes and the operators take', () => {
    expect(departures(rendered(values))).toEqual([]);
  });

  it('name each object once', () => {
    const names = rendered(values).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('give every pod what pod security calls restricted', () => {
    const pods = podsOf(rendered(values));
    expect(pods.length).toBeGreaterThanOrEqual(5);
    for (const pod of pods) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      const rules = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
      expect(pod.containers.map(({ securityContext }) => securityContext)).toEqual(
        pod.containers.map(() => expect.objectContaining(rules) as unknown),
      );
    }
  });

  it('give a variable to a container once, and a file of the secret to each that names one', () => {
    for (const pod of podsOf(rendered(values))) {
      for (const { env = [], volumeMounts = [] } of pod.containers) {
        const names = env.map(({ name }) => name);
        expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
        const files = env.flatMap(({ name, value }) => (name.endsWith('_FILE') ? [value] : []));
        const mounted = secretsOf(pod).map((line) => `/etc/ratchet/secrets/${line.split(' ')[0] ?? ''}`);
        expect(mounted).toEqual(expect.arrayContaining(files));
        expect(volumeMounts.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
      }
    }
  });
});

/** Of rules and dashboards, which have tests of their own, a snapshot would say only that they have changed. */
it.each(['minimal', 'everything'])('%s is what was looked at', (name) => {
  const without = ['--set', 'dashboards.enabled=false', '--set', 'prometheusRule.enabled=false'];
  const args = ['template', 'ratchet', CHART, '--namespace', 'ratchet', '--values', caseOf(name), ...without];
  expect(helm(args).stdout).toMatchSnapshot();
});

describe('each service', () => {
  const manifests = rendered(caseOf('everything'));

  it.each(SERVICES)('%s runs its program on a heap that is a share of its memory', (service) => {
    const container = serviceOf(manifests, service);
    expect(container.args).toEqual([`services/${service}/dist/main.js`]);
    expect(container.image).toMatch(/^ratchet@sha256:/);
    expect(variablesOf(container)['NODE_OPTIONS']).toBe(
      `--max-old-space-size-percentage=${service === 'scheduler' ? 80 : 70}`,
    );
    expect(container.resources.limits['memory']).toMatch(/^\d+(Mi|Gi)$/);
  });

  it.each(SERVICES)('%s is asked whether it has started, serves and lives', (service) => {
    expect(serviceOf(manifests, service)).toMatchObject({
      // an hour
      startupProbe: {
        httpGet: { path: '/health/started', port: 'health' },
        periodSeconds: 4,
        failureThreshold: 900,
      },
      readinessProbe: { httpGet: { path: '/health/ready', port: 'health' } },
      livenessProbe: { httpGet: { path: '/health/live', port: 'health' } },
    });
  });

  it.each(SERVICES)('%s spreads over zones and nodes, and keeps all but one pod when nodes are drained', (service) => {
    const pod = podOf(ownerOf(manifests, service));
    expect(pod.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    expect(named(manifests, 'PodDisruptionBudget', `ratchet-${service}`).spec).toMatchObject({ maxUnavailable: 1 });
  });

  it('stops later than its drain ends, the gateway once all know that it is gone', () => {
    for (const service of SERVICES) {
      const pod = podOf(ownerOf(manifests, service));
      expect(pod.terminationGracePeriodSeconds).toBe(45);
    }
    expect(serviceOf(manifests, 'completion-gateway').lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(serviceOf(manifests, 'scheduler').lifecycle).toBeUndefined();
  });

  it('has the secrets that it reads, and no others', () => {
    const kafka = [
      'RATCHET_KAFKA_TLS_CA = kafka-ca/ca.crt',
      'RATCHET_KAFKA_TLS_CERTIFICATE = ratchet-certificate/tls.crt',
      'RATCHET_KAFKA_TLS_KEY = ratchet-certificate/tls.key',
    ];
    const registry = [
      'RATCHET_SCHEMA_REGISTRY_USERNAME = ratchet-registry/username',
      'RATCHET_SCHEMA_REGISTRY_PASSWORD = ratchet-registry/password',
      'RATCHET_SCHEMA_REGISTRY_TLS_CA = kafka-ca/ca.crt',
      'RATCHET_SCHEMA_REGISTRY_TLS_CERTIFICATE = ratchet-certificate/tls.crt',
      'RATCHET_SCHEMA_REGISTRY_TLS_KEY = ratchet-certificate/tls.key',
    ];
    const token = [
      'RATCHET_TOKEN_SECRET = ratchet-token/token-secret',
      'RATCHET_TOKEN_KEYS = ratchet-token/token-keys',
    ];
    const shared = [
      'RATCHET_KAFKA_USERNAME = ratchet-kafka/username',
      'RATCHET_KAFKA_PASSWORD = ratchet-kafka/password',
    ];
    const secrets = (service: string): readonly string[] => secretsOf(podOf(ownerOf(manifests, service)));
    expect(secrets('timeout-tracker')).toEqual([...kafka, ...shared, ...registry]);
    expect(secrets('cancellation')).toEqual([...kafka, ...shared, ...registry, ...token]);
    const own = ['RATCHET_KAFKA_PASSWORD = ratchet-kafka-scheduler/password'];
    expect(secrets('scheduler')).toEqual([...kafka, ...own, ...registry, ...token]);
    expect(variablesOf(serviceOf(manifests, 'scheduler'))['RATCHET_KAFKA_USERNAME']).toBe('ratchet-scheduler');
    expect(secrets('completion-gateway').slice(-7)).toEqual([
      'RATCHET_API_KEYS = ratchet-api-keys/api-keys.json',
      'RATCHET_JWT_PUBLIC_KEY = ratchet-jwt/public-key.pem',
      'RATCHET_TLS_CERTIFICATE = ratchet-gateway-tls/tls.crt',
      'RATCHET_TLS_KEY = ratchet-gateway-tls/tls.key',
      'RATCHET_TLS_CLIENT_CA = ratchet-client-ca/ca.crt',
      'RATCHET_WEBHOOKS = ratchet-webhooks/webhooks.json',
      'RATCHET_CALLBACK_SECRET = ratchet-callbacks/callback-secret',
    ]);
  });

  it('starts anew when a setting that all share has changed, and only then', () => {
    const checksum = (...set: readonly string[]): string | undefined => {
      const [deployment] = of(rendered(caseOf('minimal'), ...set.flatMap((one) => ['--set', one])), 'Deployment');
      const { metadata } = deployment?.spec['template'] as Manifest;
      return metadata.annotations?.['checksum/settings'];
    };
    expect(checksum('partitions=6')).not.toBe(checksum());
    expect(checksum('ui.enabled=true')).toBe(checksum());
  });
});

describe('the state of the scheduler', () => {
  const stateOf = (manifest: Manifest): unknown => podOf(manifest).volumes?.find(({ name }) => name === 'state');
  const ownerIn = (...set: readonly string[]): Manifest => {
    const manifests = rendered(caseOf('minimal'), ...set.flatMap((one) => ['--set', one]));
    const [owner, ...others] = manifests.filter(
      ({ kind, metadata }) => ['Deployment', 'StatefulSet'].includes(kind) && metadata.name === 'ratchet-scheduler',
    );
    if (owner === undefined || others.length > 0) throw new Error('Expected one owner of the pods, but there is not');
    return owner;
  };

  it.each([
    [[], '16Gi', undefined],
    [['state.claim.size=100Gi', 'state.claim.storageClassName=fast'], '100Gi', 'fast'],
  ])('is in a claim of each pod, which goes with it: %j', (set, storage, storageClassName) => {
    const owner = ownerIn(...set);
    expect(owner).toMatchObject({
      kind: 'StatefulSet',
      spec: {
        podManagementPolicy: 'Parallel',
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
        volumeClaimTemplates: [
          {
            metadata: { name: 'state' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
          },
        ],
      },
    });
    const [claim] = owner.spec['volumeClaimTemplates'] as readonly Manifest[];
    expect(claim?.spec['storageClassName']).toBe(storageClassName);
    expect(stateOf(owner)).toBeUndefined();
  });

  it('belongs to a headless Service, as Kubernetes asks of a StatefulSet', () => {
    const manifests = rendered(caseOf('minimal'));
    const { serviceName } = ownerOf(manifests, 'scheduler').spec as { readonly serviceName: string };
    expect(named(manifests, 'Service', serviceName).spec).toMatchObject({ clusterIP: 'None' });
  });

  it('is in a volume of the pod where there are no claims', () => {
    const deployment = ownerIn('state.claim.enabled=false');
    expect(deployment.kind).toBe('Deployment');
    expect(deployment.spec).not.toHaveProperty('volumeClaimTemplates');
    expect(stateOf(deployment)).toEqual({ name: 'state', emptyDir: { sizeLimit: '16Gi' } });
  });

  it('is copied by other schedulers where that is said', () => {
    const copiesIn = (...set: readonly string[]): unknown => {
      const [container] = podOf(ownerIn(...set)).containers;
      return container && variablesOf(container)['RATCHET_STANDBY_COPIES'];
    };
    expect([copiesIn(), copiesIn('state.standbyCopies=1')]).toEqual([undefined, '1']);
  });

  it.each(['true', 'false'])('is where the scheduler looks for it, with claims: %s', (enabled) => {
    const [container] = podOf(ownerIn(`state.claim.enabled=${enabled}`)).containers;
    expect(container?.volumeMounts).toContainEqual({ name: 'state', mountPath: '/var/lib/ratchet/state' });
    expect(container && variablesOf(container)['RATCHET_STATE_DIRECTORY']).toBe('/var/lib/ratchet/state');
  });
});

describe('the gateway', () => {
  it('has as many pods as the autoscaler says, where there is one', () => {
    const manifests = rendered(caseOf('everything'));
    expect(named(manifests, 'Deployment', 'ratchet-completion-gateway').spec).not.toHaveProperty('replicas');
    expect(named(manifests, 'HorizontalPodAutoscaler', 'ratchet-completion-gateway').spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 6,
    });
    expect(of(rendered(caseOf('minimal')), 'HorizontalPodAutoscaler')).toEqual([]);
  });

  it('is called by its own names where nobody is asked', () => {
    const { RATCHET_HTTP_ALLOWED_HOSTS: hosts } = variablesOf(
      serviceOf(rendered(caseOf('development')), 'completion-gateway'),
    );
    expect(hosts?.split(',')).toEqual([
      'ratchet-completion-gateway',
      'ratchet-completion-gateway.ratchet.svc',
      'ratchet-completion-gateway.ratchet',
      'ratchet-completion-gateway.ratchet.svc.cluster.local',
    ]);
  });
});

test('what the values say of a variable and of a label holds, but for what selects', () => {
  const manifests = rendered(caseOf('everything'));
  expect(variablesOf(serviceOf(manifests, 'completion-gateway'))['RATCHET_GRPC_HOST']).toBe('::');
  const labels = { 'app.kubernetes.io/name': 'other', 'app.kubernetes.io/version': 'mine' };
  const file = valuesFile({ pod: { labels }, commonLabels: labels });
  const { metadata, spec } = ownerOf(rendered(caseOf('minimal'), '--values', file), 'scheduler');
  const expected = { 'app.kubernetes.io/name': 'ratchet', 'app.kubernetes.io/version': 'mine' };
  expect(metadata.labels).toMatchObject(expected);
  expect((spec['template'] as Manifest).metadata.labels).toMatchObject(expected);
});

test('the test and the UI may be put where the services are, and the UI writes its configuration', () => {
  const manifests = rendered(caseOf('everything'));
  const placement = { nodeSelector: { 'kubernetes.io/os': 'linux' }, imagePullSecrets: [{ name: 'pull' }] };
  const ui = podOf(named(manifests, 'Deployment', 'ratchet-ui'));
  for (const pod of [ui, podOf(named(manifests, 'Pod', 'ratchet-test'))]) {
    expect(pod).toMatchObject(placement);
    expect(pod).toHaveProperty('tolerations.0.key', 'dedicated');
  }
  expect(ui.containers[0]?.securityContext).toHaveProperty('readOnlyRootFilesystem', false);
});

describe('the network policies', () => {
  const egressOf = (name: string, service: string): unknown =>
    named(rendered(caseOf(name)), 'NetworkPolicy', `ratchet-${service}`).spec['egress'];
  const dns = { ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 })) };
  const tcp = (...ports: readonly number[]): object => ({ ports: ports.map((port) => ({ protocol: 'TCP', port })) });

  it('let a service reach the brokers, the registry, names, and what it asks for a token', () => {
    expect(egressOf('minimal', 'scheduler')).toEqual([dns, tcp(9092), tcp(8081)]);
    expect(egressOf('oauth', 'scheduler')).toEqual([dns, tcp(9093), tcp(443), tcp(8443)]);
    expect(egressOf('oauth', 'completion-gateway')).toEqual([dns, tcp(9093), tcp(443), tcp(8443), tcp(443)]);
    const clouds = ['169.254.170.23/32', '169.254.169.254/32'].map((cidr) => ({ ipBlock: { cidr } }));
    expect(egressOf('msk', 'scheduler')).toEqual([dns, tcp(9098), tcp(8081), tcp(443), { ...tcp(80), to: clouds }]);
  });

  it('let traces out, callbacks to the ports that their hosts name, and the test to the gateway', () => {
    const traces = ['--set', 'traces.endpoint=http://collector:4318'];
    const { spec } = named(rendered(caseOf('minimal'), ...traces), 'NetworkPolicy', 'ratchet-scheduler');
    expect(spec['egress']).toEqual([dns, tcp(9092), tcp(8081), tcp(4318)]);
    const callbackPorts = (values: object, ...hosts: readonly string[]): unknown => {
      const file = valuesFile({ ...values, gateway: { callbacks: { existingSecret: 'callbacks', hosts } } });
      const manifests = rendered(caseOf('minimal'), '--values', file);
      const { spec } = named(manifests, 'NetworkPolicy', 'ratchet-completion-gateway');
      return (spec['egress'] as readonly unknown[])[3];
    };
    expect(callbackPorts({})).toEqual(tcp(443));
    expect(callbackPorts({ environment: 'development' })).toEqual(tcp(443, 80));
    expect(callbackPorts({}, 'http://a', 'https://b:8443', '[fd00::7]')).toEqual(tcp(80, 8443, 443));
    expect(egressOf('everything', 'test')).toHaveLength(2);
  });

  it('let in whom they name, the test and the UI', () => {
    const [, door] = named(rendered(caseOf('everything')), 'NetworkPolicy', 'ratchet-completion-gateway').spec[
      'ingress'
    ] as readonly { from: readonly object[] }[];
    expect(door?.from).toHaveLength(3);
  });
});

describe('what is watched', () => {
  it('keeps the labels that the metrics have themselves', () => {
    const { spec } = named(rendered(caseOf('everything')), 'ServiceMonitor', 'ratchet');
    expect(spec['endpoints']).toEqual([expect.objectContaining({ honorLabels: true, path: '/metrics' })]);
  });

  it('finds the pods of the services, ready or not, and neither the test nor the UI', () => {
    const manifests = rendered(caseOf('everything'));
    const { selector, publishNotReadyAddresses } = named(manifests, 'Service', 'ratchet-metrics').spec as {
      selector: Readonly<Record<string, string>>;
      publishNotReadyAddresses: boolean;
    };
    const found = manifests.filter(({ kind, metadata, spec }) => {
      if (!['Deployment', 'Pod', 'StatefulSet'].includes(kind)) return false;
      const labels = kind === 'Pod' ? metadata.labels : (spec['template'] as Manifest).metadata.labels;
      return Object.entries(selector).every(([label, value]) => labels?.[label] === value);
    });
    expect(publishNotReadyAddresses).toBe(true);
    expect(found.map(({ metadata }) => metadata.name).sort()).toEqual(
      SERVICES.map((service) => `ratchet-${service}`).sort(),
    );
  });
});

test('an alert links to where its section of the runbook can be read', () => {
  const linksOf = (...args: readonly string[]): readonly string[] =>
    of(rendered(caseOf('everything'), ...args), 'PrometheusRule').flatMap(({ spec }) =>
      (spec['groups'] as RuleFile['groups']).flatMap(({ rules }) =>
        rules.map(({ annotations }) => annotations.runbook_url),
      ),
    );
  const anchors = alertsOf(ROOT).map(({ annotations }) => annotations.runbook_url.split('#')[1] ?? '');
  expect(anchors.length).toBeGreaterThan(20);
  expect(linksOf()).toEqual(anchors.map((anchor) => `https://wiki.example.com/ratchet/runbook#${anchor}`));
});

test('brokers are told what goes with a token, and its server is trusted by a secret', () => {
  const container = serviceOf(rendered(caseOf('oauth')), 'scheduler');
  expect(variablesOf(container)).toMatchObject({
    RATCHET_KAFKA_OAUTH_EXTENSIONS: 'identityPoolId=pool-1,logicalCluster=lkc-1',
    RATCHET_KAFKA_OAUTH_TLS_CA_FILE: '/etc/ratchet/secrets/RATCHET_KAFKA_OAUTH_TLS_CA',
  });
});

test('services listen on every address, in clusters that have IPv6 alone, too', () => {
  const hostsOf = (...args: readonly string[]): unknown => {
    const manifests = rendered(caseOf('minimal'), ...args);
    const variables = variablesOf(serviceOf(manifests, 'completion-gateway'));
    return [
      named(manifests, 'ConfigMap', 'ratchet-settings').data?.['RATCHET_HEALTH_HOST'],
      variables['RATCHET_GRPC_HOST'],
      variables['RATCHET_HTTP_HOST'],
    ];
  };
  expect(hostsOf()).toEqual(['0.0.0.0', '0.0.0.0', '0.0.0.0']);
  expect(hostsOf('--set', 'listenHost=::')).toEqual(['::', '::', '::']);
});

test('alerts of a release are about that release alone, under the name that its ServiceMonitor gives it', () => {
  const everything = (...args: readonly string[]): readonly Manifest[] =>
    rendered(caseOf('everything'), '--namespace', 'blue', ...args);
  const jobsIn = (manifests: readonly Manifest[]): readonly string[] => {
    const rules = of(manifests, 'PrometheusRule').flatMap(({ spec }) =>
      (spec['groups'] as RuleFile['groups']).flatMap((group) => group.rules),
    );
    return [...new Set(rules.flatMap(({ expr }) => expr.match(/\bjob!?=[^,}]*/g) ?? ['none']))];
  };
  const [monitor] = of(everything(), 'ServiceMonitor');
  expect(monitor?.spec['endpoints']).toMatchObject([
    { relabelings: [{ action: 'replace', targetLabel: 'job', replacement: 'blue/ratchet' }] },
  ]);
  expect(jobsIn(everything())).toEqual(['job="blue/ratchet"']);
  expect(jobsIn(everything('--set', 'serviceMonitor.enabled=false'))).toEqual(['job!=""']);
});

describe('the chart refuses in words', () => {
  const refusal = (...set: readonly string[]): string =>
    helm(['template', 'r', CHART, '--values', caseOf('minimal'), ...set.flatMap((one) => ['--set', one])]).stderr;

  it.each([
    [
      'minInsyncReplicas=3,replicationFactor=2',
      'Expected minInsyncReplicas to be at most replicationFactor (2), but it is 3',
    ],
    [
      'kafka.sasl.mechanism=plain,kafka.sasl.username=u',
      'Expected kafka.sasl.existingSecret to be given, for all services or for services.cancellation, since its mechanism is plain',
    ],
    ['kafka.sasl.mechanism=aws-msk-iam', 'Expected kafka.sasl.awsRegion to be given'],
    ['kafka.sasl.mechanism=oauthbearer,kafka.sasl.existingSecret=s', 'Expected kafka.sasl.oauth.clientId to be given'],
    ['gateway.preStopSeconds=30', 'Expected terminationGracePeriodSeconds of completion-gateway to be more than'],
    [
      'services.scheduler.terminationGracePeriodSeconds=16,pod.terminationGracePeriodSeconds=16',
      ' of completion-gateway',
    ],
    [
      'gateway.autoscaling.minReplicas=11',
      'Expected gateway.autoscaling.minReplicas to be at most maxReplicas (10), but it is 11',
    ],
    [
      'state.claim.enabled=false,state.volume.emptyDir=null,state.volume.persistentVolumeClaim.claimName=mine',
      'Expected state.volume to be of one scheduler alone, but it is one persistentVolumeClaim, and services.scheduler.replicas is 2',
    ],
    ['prometheusRule.enabled=true', 'Expected prometheusRule.runbookUrl to be where docs/runbook.md can be read'],
    ['token.existingSecret=', "at '/token/existingSecret'"],
    ['gateway.tls.existingSecret=', "at '/gateway/tls/existingSecret'"],
  ])('%s', (set, words) => {
    expect(refusal(set)).toContain(words);
  });
});

test.each(['my.release', '1st'])('a release whose Services could not be named so is refused: %s', (release) => {
  const { stderr } = helm(['template', release, CHART, '--values', caseOf('minimal')]);
  expect(stderr).toContain(`they begin with ${release}-ratchet: say fullnameOverride`);
});

test('the rules and dashboards of this version are in it, as they are', () => {
  const manifests = rendered(caseOf('everything'));
  for (const { data = {} } of of(manifests, 'ConfigMap').filter(({ metadata }) =>
    metadata.name.includes('dashboard'),
  )) {
    for (const [file, content] of Object.entries(data)) {
      expect(content).toBe(readFileSync(`${CHART}/files/grafana/${file}`, 'utf8'));
    }
  }
});

test('further manifests are filled in, as objects and as text', () => {
  const names = of(rendered(caseOf('everything')), 'ConfigMap').map(({ metadata }) => metadata.name);
  expect(names).toEqual(expect.arrayContaining(['ratchet-more', 'ratchet-as-text']));
});

test('the notes name the next command', () => {
  const { stdout } = helm(['install', 'ratchet', CHART, '--dry-run=client', '--values', caseOf('minimal')]);
  expect(stdout).toContain('helm test ratchet --namespace default --logs');
  expect(manifestsIn(stdout.slice(stdout.indexOf('---\n'), stdout.indexOf('NOTES:'))).length).toBeGreaterThan(10);
});
