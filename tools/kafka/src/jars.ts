import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outcomeOf } from './command.ts';

export interface Jars {
  readonly kafkaClasspath: string;
  readonly registryJar: string;
}

const POM = join(import.meta.dirname, '..', 'pom.xml');
const JAVA_VERSION_MIN = 17;

/** The jars of the pinned pom, in `folder`: brought by Maven once, and again only when the pom has changed. */
export async function bringJars(folder: string, log: (line: string) => void): Promise<Jars> {
  await requireJava();
  const wanted = createHash('sha256').update(readFileSync(POM)).digest('hex');
  const laid = join(folder, wanted.slice(0, 12));
  if (!existsSync(laid)) await fetchJars(laid, log);
  return jarsIn(laid);
}

/** The major version in what `java -version` prints: 17 for "17.0.15", 8 for "1.8.0_402". */
export function javaVersion(printed: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(printed);
  return match === null ? undefined : Number(match[1]);
}

async function requireJava(): Promise<void> {
  const outcome = await outcomeOf('java', ['-version'], 10_000);
  const version = outcome.code === 0 ? javaVersion(outcome.printed) : undefined;
  if (version !== undefined && version >= JAVA_VERSION_MIN) return;
  const found = version === undefined ? 'no java was found on the PATH' : `the java on the PATH is version ${version}`;
  throw new Error(`Expected to run Kafka with Java ${JAVA_VERSION_MIN} or newer, but ${found}. ${INSTALL_JAVA}`);
}

const OTHERWISE = 'Or run a Docker engine, or name a broker and a registry with KAFKA_BROKERS and SCHEMA_REGISTRY_URL.';
const INSTALL_JAVA = `Install it (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17). ${OTHERWISE}`;
const INSTALL_MAVEN = `Install it (Debian, Ubuntu: apt-get install maven; macOS: brew install maven). ${OTHERWISE}`;

/** Laid elsewhere first and moved when complete, so that an interrupted fetch, or two at once, leave nothing half. */
async function fetchJars(laid: string, log: (line: string) => void): Promise<void> {
  const maven = await outcomeOf('mvn', ['-v'], 30_000);
  if (maven.code !== 0) {
    throw new Error(`Expected to fetch Kafka's jars with Maven, but no mvn was found on the PATH. ${INSTALL_MAVEN}`);
  }
  log('Fetching Kafka and Apicurio Registry with Maven (once; about 170 MB) ...');
  const making = `${laid}.${randomUUID()}`;
  mkdirSync(making, { recursive: true });
  try {
    await runMaven(making);
    writeFileSync(join(making, 'pom.xml'), readFileSync(POM));
    if (!existsSync(laid)) renameSync(making, laid);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function runMaven(making: string): Promise<void> {
  const child = spawn('mvn', ['-B', '-q', '-f', POM, `-Djars.folder=${making}`, 'package'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const collect = (chunk: Buffer): void => {
    printed += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`Expected to fetch Kafka's jars with Maven, but it ended with ${code}:\n${printed}`);
}

function jarsIn(laid: string): Jars {
  const registry = join(laid, 'registry');
  const runner = readdirSync(registry).find((name) => name.endsWith('-runner.jar'));
  if (runner === undefined) throw new Error(`Expected to find the registry's jar in ${registry}, but it is not there`);
  return { kafkaClasspath: join(laid, 'kafka', '*'), registryJar: join(registry, runner) };
}
