import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { bringJars } from '@ratchet/tools-kafka';
import { parse } from 'yaml';
import { ROOT } from './chart.ts';
import { CONTAINERS, ended, podman, printedBy, programNamed } from './podman.ts';

/** The image of this workspace, under the name that docker-compose.yml gives it. */
export const RATCHET = 'docker.io/library/ratchet:latest';
const STAND_INS = join(ROOT, 'tools', 'deploy', 'stand-ins');
const DEBIAN = 'localhost/ratchet/debian';
/** The image that deploy/Dockerfile builds in, with what this machine needs for its way out. */
const BUILDER = 'localhost/ratchet/builder';

type Log = (line: string) => void;

/** What is run beside the image, by the name of its stage in tools/deploy/stand-ins/Dockerfile. */
export function imagesBeside(): Readonly<Record<'node' | 'kafka' | 'registry', string>> {
  const [, node = ''] = /^FROM (node:\S+)/m.exec(readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8')) ?? [];
  const { services } = parse(readFileSync(join(ROOT, 'deploy', 'compose', 'base.yml'), 'utf8'), { merge: true }) as {
    services: Readonly<Record<string, { readonly image: string }>>;
  };
  const { kafka = { image: '' }, registry = { image: '' } } = services;
  return {
    node: `docker.io/library/${node}`,
    kafka: `docker.io/${kafka.image}`,
    registry: `docker.io/${registry.image}`,
  };
}

/**
 * Has the images that are run and built on here: those that are there, those that a registry gives, else ones that stand in for them:
 * the same programs on a Debian that debootstrap lays out, as root, in a minute or two.
 */
export async function bringImages(log: Log): Promise<void> {
  for (const [stage, name] of Object.entries(imagesBeside())) {
    if (await exists(name)) continue;
    const pulled = await ended('podman', ['pull', '--quiet', name]);
    if (pulled.code === 0) continue;
    log(`${name} cannot be pulled (${lastLine(pulled.stderr)}): a stand-in is made of it.`);
    await standIn(stage, name, log);
  }
}

const exists = async (name: string): Promise<boolean> => (await ended('podman', ['image', 'exists', name])).code === 0;
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

async function standIn(stage: string, name: string, log: Log): Promise<void> {
  if (!(await exists(DEBIAN))) await layOutDebian(log);
  const { kafkaClasspath } = await bringJars(join(ROOT, '.ratchet', 'jars'), log);
  const folders = { jars: dirname(dirname(kafkaClasspath)), npm: npmFolder(), bin: dirname(nodeProgram()) };
  const contexts = Object.entries(folders).map(([folder, path]) => `--build-context=${folder}=${path}`);
  await printedBy('buildah', [
    'bud',
    '--quiet',
    '--pull-never',
    `--target=${stage}`,
    ...contexts,
    '--tag',
    name,
    STAND_INS,
  ]);
}

/** Node of the lock file, for Linux. */
function nodeProgram(): string {
  const path = join(ROOT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (existsSync(path)) return path;
  throw new Error(`Expected to find Node in ${path}, but it is not there: run "npm ci"`);
}

function npmFolder(): string {
  const npm = programNamed('npm');
  if (npm === undefined) throw new Error('Expected to find npm on the PATH, but it is not there');
  return dirname(dirname(realpathSync(npm)));
}

async function layOutDebian(log: Log): Promise<void> {
  if (programNamed('debootstrap') === undefined)
    throw new Error(
      'Expected to lay out a Debian, but there is no debootstrap. Install it: apt-get install debootstrap',
    );
  log('Laying out a Debian with Java (once; a minute or two) ...');
  const folder = join(CONTAINERS, 'debian');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const include = '--include=ca-certificates,curl,openssl,openjdk-17-jre-headless';
    await printedBy('debootstrap', ['--variant=minbase', include, 'bookworm', folder]);
    await printedBy('sh', ['-c', `tar -C '${folder}' -c . | podman import --quiet - ${DEBIAN}`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Builds the image as deploy/Dockerfile says, every layer dated alike, and from nothing that a former build has left.
 * @returns its digest.
 */
export async function buildRatchet(tag: string): Promise<string> {
  const builder = await builderImage();
  await printedBy('buildah', [
    'bud',
    '--no-cache',
    '--pull-never',
    '--network=host',
    '--timestamp=0',
    // OCI's own format has no HEALTHCHECK.
    '--format=docker',
    `--from=${builder}`,
    '--file=deploy/Dockerfile',
    '--tag',
    tag,
    ROOT,
  ]);
  return podman('image', 'inspect', '--format', '{{.Digest}}', tag);
}

/** Where NODE_EXTRA_CA_CERTS names whom npm must trust to get out, npm in the build trusts them, too. */
async function builderImage(): Promise<string> {
  const { node } = imagesBeside();
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities === undefined) return node;
  const container = await printedBy('buildah', ['from', '--pull-never', node]);
  await printedBy('buildah', ['copy', container, authorities, '/authorities.pem']);
  await printedBy('buildah', ['config', '--env', 'NODE_EXTRA_CA_CERTS=/authorities.pem', container]);
  await printedBy('buildah', ['commit', '--quiet', '--rm', container, BUILDER]);
  return BUILDER;
}
