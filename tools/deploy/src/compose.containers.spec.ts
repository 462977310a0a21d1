import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leasePort, type PortLease } from '@ratchet/tools-kafka';
import { services } from '@ratchet/tools-start';
import { startDockerEngine, type DockerEngine } from './docker-engine.ts';
import { RATCHET } from './images.ts';
import { ended, printedBy, type Ended } from './podman.ts';

let engine: DockerEngine;
beforeAll(async () => {
  engine = await startDockerEngine((line) => {
    process.stdout.write(`${line}\n`);
  });
});
afterAll(() => engine.stop());

/** An installation of docker-compose.yml, on ports of its own. */
class Installation {
  readonly #env: Readonly<Record<string, string>>;
  readonly #leases: readonly PortLease[];
  readonly name: string;

  private constructor(name: string, env: Readonly<Record<string, string>>, leases: readonly PortLease[]) {
    this.name = name;
    this.#env = env;
    this.#leases = leases;
  }

  static async of(environment: string, more: Readonly<Record<string, string>> = {}): Promise<Installation> {
    const name = `ratchet-${environment}-${randomBytes(3).toString('hex')}`;
    const variables = ['RATCHET_GRPC_PORT', 'RATCHET_HTTP_PORT', 'KAFKA_PORT', 'SCHEMA_REGISTRY_PORT'];
    const leases = await Promise.all(variables.map(() => leasePort()));
    const ports = Object.fromEntries(variables.map((variable, at) => [variable, String(leases[at]?.port)]));
    const env = { ...engine.env, COMPOSE_PROJECT_NAME: name, RATCHET_ENVIRONMENT: environment, ...ports, ...more };
    return new Installation(name, env, leases);
  }

  get grpc(): string {
    return `127.0.0.1:${this.#env['RATCHET_GRPC_PORT'] ?? ''}`;
  }

  tried(...args: readonly string[]): Promise<Ended> {
    return ended('docker', ['compose', ...args], { env: this.#env });
  }

  compose(...args: readonly string[]): Promise<string> {
    return printedBy('docker', ['compose', ...args], { env: this.#env });
  }

  up(): Promise<string> {
    return this.compose('up', '--detach', '--wait', '--no-build', '--quiet-pull');
  }

  async down(): Promise<void> {
    await this.compose('down', '--volumes', '--timeout=20');
    for (const lease of this.#leases) lease.release();
  }
}

/** One activity through the published port, as `helm test` does it. */
const oneActivity = (options: readonly string[], ...args: readonly string[]): Promise<Ended> =>
  ended('podman', [
    'run',
    '--rm',
    '--network=host',
    '--read-only',
    ...options,
    RATCHET,
    'services/completion-gateway/dist/one-activity.js',
    ...args,
  ]);

describe('in development', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.of('development');
    await installation.up();
  });
  afterAll(() => installation.down());

  it('does one activity', async () => {
    const { code, stdout, stderr } = await oneActivity([], `--address=${installation.grpc}`);
    expect({ code, words: stdout + stderr }).toMatchObject({ code: 0 });
  });

  it('is stopped in the time that a drain takes, each service with code 0', async () => {
    await installation.compose('stop', ...services.map(({ name }) => name));
    const states = await installation.compose('ps', '--all', '--format={{.Service}} {{.ExitCode}}');
    for (const { name } of services) expect(states.split('\n')).toContain(`${name} 0`);
    await installation.up();
  });
});

describe('in production', () => {
  let installation: Installation;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ratchet-compose-'));
    installation = await Installation.of('production');
    await installation.up();
    for (const file of ['ca.pem', 'api-key']) await secret(file);
  });
  afterAll(async () => {
    await installation.down();
    rmSync(folder, { recursive: true, force: true });
  });

  const secret = (file: string): Promise<string> =>
    installation.compose('run', '--rm', '--no-deps', '--no-TTY', 'secrets', 'cat', file);
  const withSecrets = (): readonly string[] => [`--volume=${installation.name}_secrets:/secrets:ro`];
  const secured = ['--tls', '--server-name=localhost', '--tls-ca-file=/secrets/ca.pem'];

  it('does one activity, by TLS, for whoever has the key', async () => {
    const { code, stdout, stderr } = await oneActivity(
      withSecrets(),
      `--address=${installation.grpc}`,
      ...secured,
      '--api-key-file=/secrets/api-key',
    );
    expect({ code, words: stdout + stderr }).toMatchObject({ code: 0 });
  });

  it('refuses whoever has no key, and whoever speaks in clear', async () => {
    const keyless = await oneActivity(withSecrets(), `--address=${installation.grpc}`, ...secured);
    expect(keyless.stderr).toContain('it asks for a key');
    const inClear = await oneActivity([], `--address=${installation.grpc}`, '--timeout-seconds=3');
    expect(inClear.code).toBe(1);
  });

  it('publishes the gateway, and nothing else', async () => {
    const published = await installation.compose('ps', '--format={{.Service}} {{.Ports}}');
    const open = published.split('\n').filter((line) => line.includes('->'));
    expect(open.map((line) => line.split(' ')[0])).toEqual(['completion-gateway']);
    expect(open[0]).not.toContain('0.0.0.0');
  });

  it('has a Kafka that takes nobody without a certificate', async () => {
    const program = `
      const socket = require('node:tls').connect({ host: 'kafka', port: 19092, servername: 'kafka', ca: require('node:fs').readFileSync('/secrets/ca.pem') });
      socket.on('error', (error) => { console.log(error.code ?? error.message); process.exit(); });
      socket.on('data', () => { console.log('taken'); process.exit(); });
      // ApiVersions, version 0
      socket.write(Buffer.from('0000000a00120000000000010000', 'hex'));`;
    const { stdout } = await ended('podman', [
      'run',
      '--rm',
      `--network=${installation.name}_default`,
      ...withSecrets(),
      RATCHET,
      '-e',
      program,
    ]);
    expect(stdout).toMatch(/CERTIFICATE/);
  });

  it('keeps its secrets, and what it was asked for, when it is started again', async () => {
    const before = await secret('api-key');
    await installation.compose('down', '--timeout=20');
    await installation.up();
    expect(await secret('api-key')).toBe(before);
    const again = await oneActivity(
      withSecrets(),
      `--address=${installation.grpc}`,
      ...secured,
      '--api-key-file=/secrets/api-key',
    );
    expect(again.code).toBe(0);
  });
});

test('an environment that is none is refused before anything is started', async () => {
  const installation = await Installation.of('staging');
  const { code, stderr } = await installation.tried('config');
  expect(code).not.toBe(0);
  expect(stderr).toContain('staging.yml');
});
