import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineMs } from '../journal.ts';
import { isService, type Member, type Role } from './member.ts';
import type { Stage } from './stage.ts';

/** What can be done to a stage. */
export type FaultKind =
  | 'service-killed'
  | 'worker-killed'
  | 'restarted'
  | 'service-stopped'
  | 'worker-stopped'
  | 'broker-stopped'
  | 'broker-killed'
  | 'registry-gone-warm'
  | 'registry-gone-cold'
  | 'clock-ahead'
  | 'clock-back'
  | 'disk-full'
  | 'member-came-and-went'
  | 'coordinator-silent'
  | 'coordinator-cut'
  | 'zone-lost';

/** One fault that happened. Instants: see `machineMs`. */
export interface FaultEntry {
  readonly kind: FaultKind;
  readonly target: string;
  readonly detail: string;
  readonly begunAt: number;
  readonly endedAt: number;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Does things to a stage, and keeps a log of them: `faults.jsonl` in its folder. */
export class Faults {
  readonly entries: FaultEntry[] = [];
  readonly #stage: Stage;
  readonly #say: (line: string) => void;
  readonly #begunAt = machineMs();

  constructor(stage: Stage, say: (line: string) => void) {
    this.#stage = stage;
    this.#say = say;
  }

  /** How often each kind has happened. */
  get counts(): ReadonlyMap<FaultKind, number> {
    const groups = Map.groupBy(this.entries, ({ kind }) => kind);
    return new Map(Array.from(groups, ([kind, entries]) => [kind, entries.length]));
  }

  /** When the last one was over; see `machineMs`. */
  get lastEndedAt(): number {
    return Math.max(this.#begunAt, ...this.entries.map(({ endedAt }) => endedAt));
  }

  /** Runs what a fault is, which is over when it is. */
  async during(kind: FaultKind, target: string, detail: string, fault: () => Promise<unknown>): Promise<void> {
    const begunAt = machineMs();
    this.#say(
      `[${seconds(begunAt - this.#begunAt).padStart(8)}] ${kind}: ${target}${detail === '' ? '' : `, ${detail}`}`,
    );
    await fault();
    const entry: FaultEntry = { kind, target, detail, begunAt, endedAt: machineMs() };
    this.entries.push(entry);
    appendFileSync(join(this.#stage.folder, 'faults.jsonl'), `${JSON.stringify(entry)}\n`);
  }

  async kill(member: Member): Promise<void> {
    await this.during(isService(member.role) ? 'service-killed' : 'worker-killed', member.name, '', () =>
      member.kill(),
    );
  }

  /** See `Stage.restart`. */
  async restart(member: Member): Promise<void> {
    await this.during('restarted', member.name, '', () => this.#stage.restart(member));
  }

  /** SIGSTOP, and SIGCONT after so long. */
  async stop(member: Member, ms: number): Promise<void> {
    const { pid } = member;
    if (pid === undefined) return;
    const kind = isService(member.role) ? 'service-stopped' : 'worker-stopped';
    await this.#stopped(kind, member.name, ms, (what) => {
      signal(pid, what);
    });
  }

  async stopBroker(ms: number): Promise<void> {
    const { kafka } = this.#stage;
    await this.#stopped('broker-stopped', 'broker', ms, (what) => {
      kafka.signalBroker(1, what);
    });
  }

  /** kill -9; over once it answers again. */
  async killBroker(downMs: number): Promise<void> {
    const { kafka } = this.#stage;
    await this.during('broker-killed', 'broker', `down for ${seconds(downMs)}`, async () => {
      await kafka.killBroker(1);
      await this.#stage.pause(downMs);
      await kafka.startBroker(1);
    });
  }

  /** Everyone knows the schemas already. */
  async loseRegistry(ms: number): Promise<void> {
    const { kafka } = this.#stage;
    await this.during('registry-gone-warm', 'registry', `for ${seconds(ms)}`, async () => {
      await kafka.killRegistry();
      await this.#stage.pause(ms);
      await kafka.startRegistry();
    });
  }

  /** These start while it is gone. */
  async startWithoutRegistry(members: readonly Member[], ms: number): Promise<void> {
    const { kafka } = this.#stage;
    const names = members.map(({ name }) => name).join(', ');
    await this.during('registry-gone-cold', 'registry', `for ${seconds(ms)}, while ${names} start`, async () => {
      await kafka.killRegistry();
      await Promise.all(members.map((member) => member.kill()));
      await this.#stage.pause(ms);
      await kafka.startRegistry();
    });
  }

  /** One more instance of a role, for so long. */
  async comeAndGo(role: Role, ms: number, ending: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.during('member-came-and-went', role, `for ${seconds(ms)}, until ${ending}`, async () => {
      const member = this.#stage.add(role);
      await this.#stage.pause(ms);
      await this.#stage.remove(member, ending);
    });
  }

  /** However it is left, the other goes on: a stopped process would notice nothing, and be left behind. */
  async #stopped(
    kind: FaultKind,
    target: string,
    ms: number,
    send: (what: 'SIGSTOP' | 'SIGCONT') => void,
  ): Promise<void> {
    const goOn = (): void => {
      send('SIGCONT');
    };
    await this.during(kind, target, `for ${seconds(ms)}`, async () => {
      process.once('exit', goOn);
      send('SIGSTOP');
      try {
        await this.#stage.pause(ms);
      } finally {
        goOn();
        process.off('exit', goOn);
      }
    });
  }
}

/** One that is gone meanwhile is left alone. */
function signal(pid: number, what: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, what);
  } catch {
    // Killed by another fault.
  }
}
