import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Manifest } from './chart.ts';
import { ended, podman, printedBy } from './podman.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** A probe of a pod, as its manifest has it. */
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: readonly Variable[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly object[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly projected?: {
    readonly sources: readonly {
      readonly secret: {
        readonly name: string;
        readonly items: readonly { readonly key: string; readonly path: string }[];
      };
    }[];
  };
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes?: readonly Volume[];
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
}

export interface Pod {
  readonly name: string;
  /** Where it listens: an address of its own on the loopback interface. */
  readonly ip: string;
  /** Its container, for podman. */
  readonly container: string;
  readonly spec: PodSpec;
}

export interface Answer {
  readonly isOk: boolean;
  /** What it says; empty when it gives no answer. */
  readonly text: string;
}

/** Secrets of the namespace: what is in each, by key. */
export type Secrets = Map<string, Readonly<Record<string, string>>>;

/**
 * A node that runs pods of the chart by `podman kube play`. What podman does not do of a kubelet's work is done here: probes (podman's
 * own would be a curl in a container that has none), secrets as projected volumes that change when a secret does, preStop and the
 * grace of a stop. Pods share the network of this machine, and listen on addresses of their own, 127.0.<node>.<pod>.
 */
export class Kubelet {
  readonly #manifests: readonly Manifest[];
  readonly #secrets: Secrets;
  readonly #folder: string;
  readonly #hosts: Readonly<Record<string, () => string>>;
  readonly #pods = new Map<string, Pod>();
  #count = 0;

  /** @param hosts addresses of names, asked when a pod starts. */
  constructor(
    manifests: readonly Manifest[],
    secrets: Secrets,
    folder: string,
    hosts: Readonly<Record<string, () => string>> = {},
  ) {
    this.#manifests = manifests;
    this.#secrets = secrets;
    this.#folder = folder;
    this.#hosts = hosts;
  }

  /** Starts a pod of a Deployment or StatefulSet, whose claims are new, or the Pod of that name; `change` is what an admission controller would do to it. */
  async run(owner: string, change: (spec: PodSpec) => PodSpec = (spec) => spec): Promise<Pod> {
    const number = (this.#count += 1);
    const spec = change(this.#specOf(owner));
    const name = `${owner}-${number}`;
    const pod = { name, ip: `127.0.77.${number}`, container: `${name}-${spec.containers[0].name}`, spec };
    this.#pods.set(name, pod);
    this.#project(pod);
    const settings = this.#manifests
      .filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('settings'))
      // podman has what a ConfigMap says win over a container's own variables
      .map(({ data: { RATCHET_HEALTH_HOST: _host, ...data } = {}, ...manifest }) => ({ ...manifest, data }));
    const documents = [...settings, this.#played(pod, owner)].map((manifest) => JSON.stringify(manifest));
    await printedBy('podman', ['kube', 'play', '--quiet', '-'], { input: documents.join('\n---\n') });
    return pod;
  }

  #specOf(owner: string): PodSpec {
    const found = this.#manifests.find(
      ({ kind, metadata }) => ['Deployment', 'StatefulSet', 'Pod'].includes(kind) && metadata.name === owner,
    );
    if (found === undefined) throw new Error(`Expected ${owner} to be in the chart, but there is none`);
    if (found.kind === 'Pod') return found.spec as unknown as PodSpec;
    const spec = (found.spec['template'] as Manifest).spec as unknown as PodSpec;
    const claims = (found.spec['volumeClaimTemplates'] ?? []) as readonly Manifest[];
    const volumes = claims.map(({ metadata: { name } }) => ({ name, emptyDir: {} }));
    return { ...spec, volumes: [...(spec.volumes ?? []), ...volumes] };
  }

  /** The manifest that podman is given: without what is done here. */
  #played(pod: Pod, owner: string): Manifest {
    const { terminationGracePeriodSeconds: _grace, volumes = [], ...spec } = pod.spec;
    const [
      {
        startupProbe: _startup,
        readinessProbe: _readiness,
        livenessProbe: _liveness,
        lifecycle: _lifecycle,
        // of a network of this machine's none is mapped
        ports: _ports,
        ...container
      },
    ] = spec.containers;
    const listening = ['HEALTH', 'GRPC', 'HTTP'].map((door) => ({ name: `RATCHET_${door}_HOST`, value: pod.ip }));
    const own = new Set(listening.map(({ name }) => name));
    const env = [...(container.env ?? []).filter(({ name }) => !own.has(name)), ...listening];
    const volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name: 'hosts', mountPath: '/etc/hosts', readOnly: true },
    ];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: pod.name, labels: { 'app.kubernetes.io/component': owner } },
      spec: {
        ...spec,
        hostNetwork: true,
        containers: [{ ...container, env, volumeMounts }],
        volumes: [
          ...volumes.map((volume) =>
            volume.projected === undefined
              ? volume
              : { name: volume.name, hostPath: { path: this.#volumeOf(pod), type: 'Directory' } },
          ),
          { name: 'hosts', hostPath: { path: this.#hostsFileOf(pod), type: 'File' } },
        ],
      },
    };
  }

  /** Names and their addresses, which podman would not write for a pod that shares the network of its node. */
  #hostsFileOf({ name }: Pod): string {
    const lines = Object.entries(this.#hosts).map(([host, address]) => `${address()} ${host}\n`);
    const file = join(this.#folder, `${name}.hosts`);
    writeFileSync(file, ['127.0.0.1 localhost\n', ...lines].join(''));
    return file;
  }

  #volumeOf(pod: Pod): string {
    return join(this.#folder, 'volumes', pod.name);
  }

  /** Has every pod see what the secrets are now. */
  project(): void {
    for (const pod of this.#pods.values()) this.#project(pod);
  }

  /** Secrets as a kubelet lays them: files are links into a folder that is replaced whole, in one step. */
  #project(pod: Pod): void {
    const sources = (pod.spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
    if (sources.length === 0) return;
    const volume = this.#volumeOf(pod);
    const stamp = `..${process.hrtime.bigint()}`;
    mkdirSync(join(volume, stamp), { recursive: true });
    for (const { secret } of sources) {
      for (const { key, path } of secret.items) {
        const content = this.#secrets.get(secret.name)?.[key];
        if (content === undefined)
          throw new Error(`Expected the key ${key} in the secret ${secret.name}, but it is not there`);
        const file = join(volume, stamp, path);
        writeFileSync(file, content);
        chmodSync(file, 0o440);
        // podman gives a pod's processes no fsGroup beside their own group, as a kubelet does
        chownSync(file, 0, Number(pod.spec.securityContext['runAsGroup'] ?? 0));
        rmSync(join(volume, path), { force: true });
        symlinkSync(join('..data', path), join(volume, path));
      }
    }
    symlinkSync(stamp, join(volume, '..new'));
    renameSync(join(volume, '..new'), join(volume, '..data'));
    for (const name of readdirSync(volume))
      if (/^\.\.\d/.test(name) && name !== stamp) rmSync(join(volume, name), { recursive: true });
  }

  /** Asks as a probe of this kind does, once. */
  async probe(pod: Pod, kind: ProbeKind): Promise<Answer> {
    const [container] = pod.spec.containers;
    const probe = container[`${kind}Probe`];
    if (probe === undefined) throw new Error(`Expected ${pod.name} to have a ${kind} probe, but it has none`);
    const port = container.ports?.find(({ name }) => name === probe.httpGet.port)?.containerPort;
    return asked(`http://${pod.ip}:${String(port)}${probe.httpGet.path}`, probe.timeoutSeconds * 1_000);
  }

  /**
   * Asks as often as the probe says until it succeeds.
   * @throws Error when it has failed as often as it may, with what the pod said last.
   */
  async passes(pod: Pod, kind: ProbeKind, failuresMax?: number): Promise<Answer> {
    const probe = pod.spec.containers[0][`${kind}Probe`];
    const most = failuresMax ?? probe?.failureThreshold ?? 1;
    for (let failures = 0; ; failures += 1) {
      const answer = await this.probe(pod, kind);
      if (answer.isOk) return answer;
      if (failures >= most) {
        const words = await this.logs(pod);
        throw new Error(
          `Expected ${pod.name} to pass its ${kind} probe, but it failed ${failures} times: ${answer.text}\n${words.slice(-2_000)}`,
        );
      }
      await pause((probe?.periodSeconds ?? 1) * 1_000);
    }
  }

  /** Started, then ready, as a rollout would wait for it. */
  async ready(pod: Pod): Promise<Answer> {
    await this.passes(pod, 'startup');
    return this.passes(pod, 'readiness', 100);
  }

  /** What podman knows of the container: as `format` says, in Go's templates. */
  inspect(pod: Pod, format: string): Promise<string> {
    return podman('inspect', '--type=container', '--format', format, pod.container);
  }

  async logs(pod: Pod): Promise<string> {
    const { stdout, stderr } = await ended('podman', ['logs', pod.container]);
    return `${stdout}${stderr}`;
  }

  /** kill -9 of its first process. */
  async kill(pod: Pod): Promise<void> {
    process.kill(Number(await this.inspect(pod, '{{.State.Pid}}')), 'SIGKILL');
  }

  /** Deletes it as `kubectl delete pod` does: preStop, SIGTERM, and SIGKILL when its grace is over. */
  async delete(pod: Pod): Promise<{ readonly code: number; readonly tookMs: number }> {
    const { lifecycle } = pod.spec.containers[0];
    const preStopMs = (lifecycle?.preStop.sleep.seconds ?? 0) * 1_000;
    const grace = pod.spec.terminationGracePeriodSeconds ?? 30;
    await pause(preStopMs);
    const begunAt = performance.now();
    await podman('stop', '--time', String(grace - preStopMs / 1_000), pod.container);
    const tookMs = performance.now() - begunAt;
    const code = Number(await this.inspect(pod, '{{.State.ExitCode}}'));
    await this.#remove(pod);
    return { code, tookMs };
  }

  /** Waits for the end of a pod that ends by itself. @returns its exit code. */
  async end(pod: Pod): Promise<number> {
    return Number(await podman('wait', pod.container));
  }

  async close(): Promise<void> {
    for (const pod of [...this.#pods.values()]) await this.#remove(pod);
  }

  async #remove(pod: Pod): Promise<void> {
    this.#pods.delete(pod.name);
    await ended('podman', ['pod', 'rm', '--force', '--time=0', pod.name]);
  }
}

/** Asks over a connection of its own, as a kubelet does. */
function asked(url: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const silent = (): void => {
      resolve({ isOk: false, text: '' });
    };
    const asking = request(url, { agent: false, timeout: timeoutMs }, (response) => {
      const { statusCode = 0 } = response;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ isOk: statusCode >= 200 && statusCode < 400, text });
      });
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer')));
    asking.on('error', silent);
    asking.end();
  });
}
