import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from './chart.ts';
import { buildKubernetes, type KubernetesProgram } from './kubernetes-programs.ts';
import { bringKubernetesTools, outcomeOf, type Outcome } from './kubernetes-tools.ts';

/** A Kubernetes without kubelets: it takes, refuses, schedules and evicts as any other, and no container ever runs. */
export interface ApiServer {
  /** `input` is what it reads. */
  readonly kubectl: (args: readonly string[], input?: string) => Outcome;
  readonly helm: (args: readonly string[]) => Outcome;
  stop(): Promise<void>;
}

/**
 * Starts etcd, kube-apiserver, and the controllers and the scheduler that make pods, bind their claims and place them, on loopback and free
 * ports. etcd is the machine's (Debian, Ubuntu: apt-get install etcd-server).
 */
export async function startApiServer(log: (line: string) => void): Promise<ApiServer> {
  const cache = join(ROOT, '.ratchet', 'deploy');
  const tools = bringKubernetesTools(cache);
  const programs = buildKubernetes(cache, log);
  const folder = mkdtempSync(join(tmpdir(), 'ratchet-kubernetes-'));
  const children: ChildProcess[] = [];
  const run = (program: string, args: readonly string[]): void => {
    const out = openSync(join(folder, `${program.split('/').at(-1) ?? ''}.log`), 'w');
    children.push(spawn(program, args, { cwd: folder, stdio: ['ignore', out, out] }));
    closeSync(out);
  };
  const env = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig') };
  const kubectl = (args: readonly string[], input?: string): Outcome => outcomeOf(tools.kubectl, args, input, env);
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await startControlPlane(folder, programs, run);
    await eventually('the API server to be ready', () => kubectl(['get', '--raw', '/readyz']).code === 0, folder);
    run(programs['kube-controller-manager'], controllerArgs(folder));
    run(programs['kube-scheduler'], [...component(), `--cert-dir=${folder}/scheduler`]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubectl, helm: (args) => outcomeOf(tools.helm, args, '', env), stop };
}

async function startControlPlane(
  folder: string,
  programs: Readonly<Record<KubernetesProgram, string>>,
  run: (program: string, args: readonly string[]) => void,
): Promise<void> {
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  mkdirSync(join(folder, 'certs'));
  writeFileSync(join(folder, 'sa.key'), privateKey);
  writeFileSync(join(folder, 'sa.pub'), publicKey);
  writeFileSync(join(folder, 'tokens.csv'), 'admin,admin,admin,"system:masters"\n');
  writeFileSync(join(folder, 'kubeconfig'), kubeconfig(port));
  const urls = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`] as const;
  const listening = ['--listen-client-urls', '--advertise-client-urls'].map((option) => `${option}=${urls[0]}`);
  const peers = ['--listen-peer-urls', '--initial-advertise-peer-urls'].map((option) => `${option}=${urls[1]}`);
  run('etcd', [`--data-dir=${folder}/etcd`, ...listening, ...peers, `--initial-cluster=default=${urls[1]}`]);
  run(programs['kube-apiserver'], [
    `--etcd-servers=${urls[0]}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}/certs`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${folder}/sa.pub`,
    `--service-account-signing-key-file=${folder}/sa.key`,
    `--token-auth-file=${folder}/tokens.csv`,
    '--authorization-mode=RBAC',
    // no controller makes service accounts here, so that pods would wait for theirs
    '--disable-admission-plugins=ServiceAccount',
  ]);
}

const kubeconfig = (port: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'admin' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

const CONTROLLERS = [
  ...['deployment', 'replicaset', 'statefulset', 'disruption'],
  ...['persistentvolume-binder', 'garbage-collector'],
];

const component = (): readonly string[] => ['--kubeconfig=kubeconfig', '--leader-elect=false', '--secure-port=0'];

const controllerArgs = (folder: string): readonly string[] => [
  ...component(),
  `--controllers=${CONTROLLERS.map((name) => `${name}-controller`).join(',')}`,
  `--service-account-private-key-file=${folder}/sa.key`,
  `--cert-dir=${folder}/controllers`,
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Asks until it is so. @throws Error after three minutes, with the end of the logs in `folder`. */
export async function eventually(what: string, isSo: () => boolean, folder?: string): Promise<void> {
  const until = Date.now() + 180_000;
  while (!isSo()) {
    if (Date.now() > until)
      throw new Error(`Expected ${what} within three minutes, but it was not so.${logsIn(folder)}`);
    await pause(500);
  }
}

function logsIn(folder: string | undefined): string {
  if (folder === undefined) return '';
  const logs = ['etcd', 'kube-apiserver'].map((name) => {
    try {
      return `\n${name}: ${readFileSync(join(folder, `${name}.log`), 'utf8').slice(-1_500)}`;
    } catch {
      return '';
    }
  });
  return logs.join('');
}
