import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { mainOf, ServiceProcess, type ServiceName } from '@ratchet/tools-start';

/** What a process of the drill is. */
export type Role = ServiceName | 'worker' | 'polling-worker';

export const serviceRoles: readonly ServiceName[] = [
  'scheduler',
  'timeout-tracker',
  'cancellation',
  'completion-gateway',
];
export const workerRoles = ['worker', 'polling-worker'] as const;

export const isService = (role: Role): role is ServiceName => (serviceRoles as readonly Role[]).includes(role);

/** The built program of a process of the load. */
export const loadMain = (name: string, root: string): string =>
  join(root, 'tools', 'drill', 'dist', 'load', `${name}.js`);

export interface MemberOptions {
  readonly name: string;
  readonly role: Role;
  /** The repository that its program was built in. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where its log goes. */
  readonly logs: string;
  /** It has ended, and nobody here has ended it. */
  readonly onUnexpectedEnd: (member: Member, how: string) => void;
}

/** What `/health/ready` of a service says of its partitions. */
export interface Readiness {
  readonly ready: boolean;
  readonly owned: readonly number[];
  /** The whole of what it said, or why it said nothing. */
  readonly said: string;
}

const speakMsMax = 60_000;

/** A service or a worker in a process of its own, which is kept alive. */
export class Member {
  readonly name: string;
  readonly role: Role;
  readonly process: ServiceProcess;
  /** The repository that its program was built in; another one takes effect at the next start. */
  root: string;
  readonly #options: MemberOptions;
  #isEnding = false;
  #endedHow = '';
  #speaks = Promise.withResolvers<undefined>();

  constructor(options: MemberOptions) {
    const { name, role, environment, logs } = options;
    this.name = name;
    this.root = options.root;
    this.#options = options;
    this.role = role;
    const file = join(logs, `${name}.log`);
    this.process = new ServiceProcess({
      name,
      main: () => (isService(role) ? mainOf(role, this.root) : loadMain(role, this.root)),
      environment: () => environment,
      log: (line) => {
        appendFileSync(file, `${new Date().toISOString()} ${line}\n`);
        if (this.pid !== undefined) this.#speaks.resolve(undefined);
      },
      onEnd: (how) => {
        this.#endedHow = how;
        if (!this.#isEnding) options.onUnexpectedEnd(this, how);
      },
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  start(): void {
    this.process.start();
  }

  /** kill -9. @returns once another process in its place has begun to speak: until then it is the machine that is slow. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    await this.process.kill('SIGKILL');
    this.#isEnding = false;
    this.#speaks = Promise.withResolvers();
    this.process.start();
    await this.#hasSpoken();
  }

  /** As a rollout does it: SIGTERM, another process once the former has ended; resolves when that is ready, as far as it says. */
  async restart(): Promise<void> {
    this.#isEnding = true;
    await this.process.stop();
    this.#isEnding = false;
    if (this.#endedHow !== 'code 0') this.#options.onUnexpectedEnd(this, this.#endedHow);
    this.#speaks = Promise.withResolvers();
    this.process.start();
    await (isService(this.role) ? this.process.ready() : this.#hasSpoken());
  }

  /** For good. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#isEnding = true;
    const stopping = this.process.stop();
    if (signal === 'SIGKILL' && this.pid !== undefined) process.kill(this.pid, signal);
    await stopping;
  }

  async #hasSpoken(): Promise<void> {
    await Promise.race([this.#speaks.promise, pause(speakMsMax, undefined, { ref: false })]);
  }

  async readiness(): Promise<Readiness> {
    const { healthUrl } = this.process;
    if (healthUrl === undefined) return { ready: false, owned: [], said: 'it does not listen yet' };
    try {
      const response = await fetch(healthUrl, { signal: AbortSignal.timeout(1_000) });
      const said = await response.text();
      return { ready: response.ok, owned: ownedIn(said), said };
    } catch (error) {
      return { ready: false, owned: [], said: error instanceof Error ? error.message : String(error) };
    }
  }
}

interface HealthAnswer {
  readonly details?: { readonly partitions?: { readonly owned?: readonly number[] } };
}

function ownedIn(said: string): readonly number[] {
  const { details } = JSON.parse(said) as HealthAnswer;
  return details?.partitions?.owned ?? [];
}
