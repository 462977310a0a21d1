import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { ROOT } from './chart.ts';

/** Where images and containers of this workspace are kept, apart from all others of the machine. */
export const CONTAINERS = process.env['RATCHET_CONTAINERS_FOLDER'] ?? join(ROOT, '.ratchet', 'containers');

const PACKAGES = 'podman buildah runc netavark aardvark-dns catatonit iptables uidmap debootstrap';
const NEEDED: readonly (readonly string[])[] = [
  ['podman'],
  ['buildah'],
  ['runc', 'crun'],
  ['netavark'],
  ['aardvark-dns'],
  ['iptables'],
];
/** Where Debian and others keep what is not on the PATH. */
const PLACES = ['/usr/sbin', '/sbin', '/usr/lib/podman', '/usr/libexec/podman'];

export interface RunOptions {
  /** What the program reads. */
  readonly input?: string;
  readonly cwd?: string;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  /** Null when it was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, and tells how it went. */
export function ended(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { input = '', cwd = ROOT, env = {} } = options;
    const child = execFile(
      program,
      args,
      { cwd, env: { ...process.env, ...env }, maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') reject(new Error(error.message, { cause: error }));
        else resolve({ code: child.exitCode, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** What a program prints. @throws Error with what it says, when it fails. */
export async function printedBy(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await ended(program, args, options);
  if (code === 0) return stdout.trim();
  const words = `${stdout.slice(-2_000)}${stderr.slice(-4_000)}`.trim();
  throw new Error(`Expected "${program} ${args.join(' ')}" to work, but it ended with ${String(code)}: ${words}`);
}

export const podman = (...args: readonly string[]): Promise<string> => printedBy('podman', args);

/**
 * Has podman and buildah, started by this process and its children, keep what they make in `CONTAINERS`. What CONTAINERS_CONF and
 * CONTAINERS_STORAGE_CONF name, podman's own variables, is left as it is.
 * @throws Error that says what to install, where something is missing, or that it must be root's.
 */
export function preparePodman(): void {
  requirePodman();
  mkdirSync(CONTAINERS, { recursive: true, mode: 0o700 });
  const [run, conf, storage] = ['run', 'containers.conf', 'storage.conf'].map((name) => join(CONTAINERS, name));
  writeFileSync(conf ?? '', containersConf(run ?? ''));
  writeFileSync(storage ?? '', storageConf(run ?? ''));
  process.env['CONTAINERS_CONF'] ??= conf;
  process.env['CONTAINERS_STORAGE_CONF'] ??= storage;
  // A build runs no daemon and no namespaces that a container of one's own may not make.
  process.env['BUILDAH_ISOLATION'] ??= 'chroot';
}

function requirePodman(): void {
  const missing = NEEDED.filter((names) => names.every((name) => programNamed(name) === undefined));
  if (missing.length > 0) {
    const words = missing.map((names) => names.join(' or ')).join(', ');
    throw new Error(
      `Expected to run containers, but there is no ${words}. Install them (Debian 12 or newer, Ubuntu 24.04 or newer: ` +
        `apt-get install --no-install-recommends ${PACKAGES})`,
    );
  }
  if (process.getuid?.() === 0) return;
  throw new Error(
    'Expected to run containers with limits, users and networks as a node does, but this is not root: use sudo, or a machine of your own',
  );
}

export const programNamed = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), ...PLACES]
    .map((place) => join(place, name))
    .find((path) => existsSync(path));

/** No systemd is needed, and no right to raise limits. */
const containersConf = (run: string): string => `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${run}/libpod"
${programNamed('runc') === undefined ? '' : 'runtime = "runc"'}
[network]
network_backend = "netavark"
network_config_dir = "${CONTAINERS}/networks"
`;

const storageConf = (run: string): string => `[storage]
driver = "overlay"
graphroot = "${CONTAINERS}/storage"
runroot = "${run}"
`;
