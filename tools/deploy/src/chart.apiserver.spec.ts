import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, startApiServer, type ApiServer } from './api-server.ts';
import { CHART, cases, rendered, type Manifest } from './chart.ts';

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const NAMESPACE = 'ratchet';
const ZONES = ['a', 'b', 'c'];
/** On every node, of no class: what a cluster's default class would make. */
const VOLUMES = 6;
const MINIMAL = cases.get('minimal') ?? '';
const CRDS = [
  ['github.com/kedacore/keda/v2@v2.21.0', 'config/crd/bases/keda.sh_{scaledobjects,triggerauthentications}.yaml'],
  [
    'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    'example/prometheus-operator-crd/*_{servicemonitors,prometheusrules}.yaml',
  ],
] as const;

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer((line) => {
    process.stdout.write(`${line}\n`);
  });
  for (const [module, pattern] of CRDS) {
    const printed = execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' });
    const { Dir: folder } = JSON.parse(printed) as { Dir: string };
    for (const file of globSync(pattern, { cwd: folder })) apply(['--filename', join(folder, file)]);
  }
  apply(['--filename', '-'], {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  const now = new Date().toISOString();
  for (const zone of ZONES) {
    const labels = { 'topology.kubernetes.io/zone': zone, 'kubernetes.io/hostname': `node-${zone}` };
    apply(['--filename', '-'], { apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${zone}`, labels } });
    const room = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
    const ready = { type: 'Ready', status: 'True', reason: 'Fake', lastHeartbeatTime: now, lastTransitionTime: now };
    patchStatus(`node/node-${zone}`, { capacity: room, allocatable: room, conditions: [ready] });
    server.kubectl(['taint', 'node', `node-${zone}`, 'node.kubernetes.io/not-ready-']);
  }
  for (let number = 0; number < VOLUMES; number++) {
    const spec = {
      capacity: { storage: '16Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/state-${number}` },
      persistentVolumeReclaimPolicy: 'Retain',
    };
    const metadata = { name: `state-${number}` };
    apply(['--filename', '-'], { apiVersion: 'v1', kind: 'PersistentVolume', metadata, spec });
  }
}, 3_600_000);
afterAll(() => server.stop());

function kubectl(args: readonly string[], input?: string): string {
  const { code, stdout, stderr } = server.kubectl(['--namespace', NAMESPACE, ...args], input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

function apply(args: readonly string[], object?: object): void {
  const { code, stderr } = server.kubectl(['apply', '--server-side', ...args], object && JSON.stringify(object));
  if (code !== 0) throw new Error(stderr);
}

function helm(...args: readonly string[]): string {
  const { code, stdout, stderr } = server.helm([...args, '--namespace', NAMESPACE]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** What the API server says to an object that it is only asked about; empty when it would take it. */
const refusalOf = (object: object): string =>
  server.kubectl(
    ['--namespace', NAMESPACE, 'apply', '--server-side', '--dry-run=server', '--filename', '-'],
    JSON.stringify(object),
  ).stderr;

const patchStatus = (object: string, status: object): string =>
  kubectl(['patch', object, '--subresource=status', '--type=merge', '--patch', JSON.stringify({ status })]);

interface Claim {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly phase: string };
}

const listed = (kinds: string): { readonly items: unknown } =>
  JSON.parse(kubectl(['get', kinds, '--output=json'])) as { items: unknown };

const podsOf = (component: string): readonly Pod[] => {
  const selector = `app.kubernetes.io/component=${component}`;
  const { items } = JSON.parse(kubectl(['get', 'pods', '--output=json', '--selector', selector])) as {
    items: readonly Pod[];
  };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
};
const isReady = ({ status }: Pod): boolean =>
  (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');

/** What a kubelet would do: pods that have a node run and are ready; those that are to go are gone. */
function playKubelet(): void {
  const { items } = JSON.parse(kubectl(['get', 'pods', '--output=json'])) as { items: readonly Pod[] };
  for (const pod of items) {
    const { name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined)
      kubectl(['delete', 'pod', name, '--grace-period=0', '--force', '--wait=false']);
    else if (pod.spec.nodeName !== undefined && !isReady(pod)) {
      const conditions = ['Ready', 'ContainersReady'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: new Date(Date.now() - 60_000).toISOString(),
      }));
      patchStatus(`pod/${name}`, { phase: 'Running', conditions });
    }
  }
}

const becomesReady = (component: string, count: number): Promise<void> =>
  eventually(`${count} pods of ${component} to be ready`, () => {
    playKubelet();
    return podsOf(component).filter(isReady).length === count;
  });

const manifest = (kind: string, name: string): Manifest => {
  const found = rendered(MINIMAL).find((each) => each.kind === kind && each.metadata.name === name);
  if (found === undefined) throw new Error(`Expected a ${kind} ${name} in the chart, but there is none`);
  return found;
};
/** A manifest with something else at a path. */
const changed = (object: Manifest, change: (copy: { readonly spec: object }) => void): object => {
  const copy = structuredClone(object);
  change(copy);
  return copy;
};

describe('what the API server is asked about', () => {
  it.each([...cases.keys()])('takes all of %s', (name) => {
    const refusals = rendered(cases.get(name) ?? '').map((object) => refusalOf(object));
    expect(refusals.filter((refusal) => refusal !== '')).toEqual([]);
  });

  it('admits the pods of all services to a namespace that is restricted', () => {
    const owners = rendered(MINIMAL).filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
    for (const { metadata, spec } of owners) {
      const { spec: pod } = spec['template'] as Manifest;
      expect(refusalOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name }, spec: pod })).toBe('');
    }
    expect(owners).toHaveLength(4);
  });

  it.each<[string, () => object, string]>([
    [
      'a budget that says it twice',
      () =>
        changed(manifest('PodDisruptionBudget', 'ratchet-scheduler'), ({ spec }) =>
          Object.assign(spec, { minAvailable: 1 }),
        ),
      'minAvailable and maxUnavailable cannot be both set',
    ],
    [
      'a liveness probe that must succeed twice',
      () =>
        changed(manifest('Deployment', 'ratchet-cancellation'), ({ spec }) => {
          const { containers } = (spec as { template: { spec: { containers: { livenessProbe: object }[] } } }).template
            .spec;
          Object.assign(containers[0]?.livenessProbe ?? {}, { successThreshold: 2 });
        }),
      'successThreshold: Invalid value: 2: must be 1',
    ],
    [
      'a selector that does not match',
      () =>
        changed(manifest('Deployment', 'ratchet-cancellation'), ({ spec }) =>
          Object.assign(spec, { selector: { matchLabels: { other: 'label' } } }),
        ),
      '`selector` does not match template `labels`',
    ],
    [
      'a pod of root',
      () => {
        const { spec } = manifest('Deployment', 'ratchet-cancellation').spec['template'] as Manifest;
        const root = { ...spec, securityContext: { runAsNonRoot: false, runAsUser: 0 } };
        return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root' }, spec: root };
      },
      'violates PodSecurity "restricted',
    ],
  ])('refuses %s', (_what, object, words) => {
    expect(refusalOf(object())).toContain(words);
  });
});

describe('an installation', () => {
  const values = ['--values', MINIMAL, '--set', 'services.scheduler.replicas=3'];

  it('is installed, and its pods are spread over the zones', async () => {
    helm('install', 'ratchet', CHART, ...values);
    await becomesReady('scheduler', 3);
    await becomesReady('completion-gateway', 2);
    expect(
      podsOf('scheduler')
        .map(({ spec }) => spec.nodeName)
        .sort(),
    ).toEqual(ZONES.map((zone) => `node-${zone}`));
    expect(new Set(podsOf('completion-gateway').map(({ spec }) => spec.nodeName)).size).toBe(2);
  });

  it('loses one pod of a service to evictions at a time, and not a second', async () => {
    const budget = (): string =>
      kubectl(['get', 'pdb', 'ratchet-scheduler', '--output=jsonpath={.status.disruptionsAllowed}']);
    await eventually('the budget to allow one', () => budget() === '1');
    const evictions = podsOf('scheduler')
      .slice(0, 2)
      .map(({ metadata: { name } }) => {
        const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
        const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
        return server.kubectl(['create', '--raw', path, '--filename', '-'], JSON.stringify(body)).stderr;
      });
    expect(evictions[0]).toBe('');
    expect(evictions[1]).toContain("would violate the pod's disruption budget");
    await becomesReady('scheduler', 3);
  });

  it('is upgraded one pod after the other, and rolled back', async () => {
    const image = (): readonly (string | undefined)[] =>
      podsOf('scheduler').map(({ spec }) => spec.containers[0]?.image);
    helm('upgrade', 'ratchet', CHART, ...values, '--set', 'image.tag=next');
    const readyAtLeast = { scheduler: 3, 'completion-gateway': 2 };
    await eventually('all pods to be of the next image', () => {
      playKubelet();
      for (const component of ['scheduler', 'completion-gateway'] as const) {
        const ready = podsOf(component).filter(isReady).length;
        readyAtLeast[component] = Math.min(readyAtLeast[component], ready);
      }
      return image().length === 3 && image().every((name) => name === 'ratchet:next');
    });
    expect(readyAtLeast.scheduler).toBeGreaterThanOrEqual(2);
    expect(readyAtLeast['completion-gateway']).toBeGreaterThanOrEqual(2);
    helm('rollback', 'ratchet', '1');
    await eventually('all pods to be of the former image', () => {
      playKubelet();
      return image().length === 3 && image().every((name) => name === 'ratchet:0.1.0');
    });
    expect(JSON.parse(helm('history', 'ratchet', '--output', 'json'))).toHaveLength(3);
  });

  it('gives each scheduler a claim that goes with it', async () => {
    const claims = (): readonly Claim[] => listed('pvc').items as readonly Claim[];
    const names = (count: number): readonly string[] =>
      Array.from({ length: count }, (_, number) => `state-ratchet-scheduler-${number}`);
    expect(claims().map(({ metadata }) => metadata.name)).toEqual(names(3));
    expect(claims().map(({ status }) => status.phase)).toEqual(['Bound', 'Bound', 'Bound']);
    helm('upgrade', 'ratchet', CHART, ...values, '--set', 'services.scheduler.replicas=2');
    await eventually('the claim of the third to be gone', () => {
      playKubelet();
      const left = claims().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return left.length === 2 && left.every(({ metadata }, number) => metadata.name === names(2)[number]);
    });
  });

  it('goes over to a StatefulSet from the Deployment of a former release, which stays until the new pods serve', async () => {
    const owners = (): readonly string[] =>
      (listed('deployment,statefulset').items as readonly Manifest[])
        .filter(({ metadata }) => metadata.name === 'ratchet-scheduler')
        .map(({ kind }) => kind);
    helm('upgrade', 'ratchet', CHART, ...values, '--set', 'state.claim.enabled=false');
    await eventually('the pods to be of a Deployment', () => {
      playKubelet();
      const names = podsOf('scheduler').map(({ metadata }) => metadata.name);
      return names.length === 3 && !names.some((name) => /-\d$/.test(name)) && podsOf('scheduler').every(isReady);
    });
    expect(owners()).toEqual(['Deployment']);

    // As docs/kubernetes.md has it.
    kubectl(['annotate', 'deployment', 'ratchet-scheduler', 'helm.sh/resource-policy=keep']);
    helm('upgrade', 'ratchet', CHART, ...values);
    await becomesReady('scheduler', 6);
    expect(owners()).toEqual(['Deployment', 'StatefulSet']);
    kubectl(['delete', 'deployment', 'ratchet-scheduler', '--wait=false']);
    await becomesReady('scheduler', 3);
    expect(owners()).toEqual(['StatefulSet']);
    expect(podsOf('scheduler').every(({ metadata }) => /^ratchet-scheduler-\d$/.test(metadata.name))).toBe(true);
  });
});
