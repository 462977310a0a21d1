import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from './chart.ts';
import { goProgram } from './go-programs.ts';
import { ended, programNamed } from './podman.ts';

export interface DockerEngine {
  /** What a client of Docker's needs to find it: `docker`, `docker compose`, testcontainers. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * podman as an engine of Docker's: its API on a socket, and compose as a plugin of the `docker` command (Debian, Ubuntu: apt-get
 * install docker-cli, or docker.io). Checks of health, which podman leaves to systemd's timers, are made here.
 */
export async function startDockerEngine(log: (line: string) => void): Promise<DockerEngine> {
  if (programNamed('docker') === undefined)
    throw new Error(
      'Expected to speak to podman as Docker does, but there is no docker. Install it: apt-get install docker-cli (Debian 12: docker.io)',
    );
  const compose = goProgram('docker-compose', join(ROOT, '.ratchet', 'deploy'), log);
  const folder = mkdtempSync(join(tmpdir(), 'ratchet-docker-'));
  const socket = join(folder, 'docker.sock');
  mkdirSync(join(folder, 'cli-plugins'));
  symlinkSync(compose, join(folder, 'cli-plugins', 'docker-compose'));
  const service = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {
    env: { ...process.env, DISABLE_HC_SYSTEMD: 'true' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const stopped = new AbortController();
  const checking = checkHealth(stopped.signal);
  const stop = async (): Promise<void> => {
    stopped.abort();
    await checking;
    if (service.exitCode === null) {
      service.kill();
      await once(service, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const until = Date.now() + 30_000;
  while (!existsSync(socket)) {
    if (Date.now() > until || service.exitCode !== null) {
      await stop();
      throw new Error('Expected podman to answer as a Docker engine within 30 s, but it did not');
    }
    await pause(100);
  }
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: folder, TESTCONTAINERS_RYUK_DISABLED: 'true' };
  return { env, stop };
}

/** As often as docker-compose.yml says: each check starts a program, a JVM among them. */
const healthIntervalMs = 5_000;

async function checkHealth(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { stdout } = await ended('podman', ['ps', '--filter=status=running', '--format={{.ID}} {{.Status}}']);
    const checked = stdout.split('\n').filter((line) => /\((?:starting|healthy|unhealthy)\)/.test(line));
    await Promise.all(checked.map((line) => ended('podman', ['healthcheck', 'run', line.split(' ')[0] ?? ''])));
    await pause(healthIntervalMs, undefined, { signal }).catch(() => undefined);
  }
}
