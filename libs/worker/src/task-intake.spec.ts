import type { DeadlineClock, Due, ReadTask } from '@ratchet/protocol';
import { TaskIntake } from './task-intake.ts';

/** A worker whose functions end, and whose seconds pass, when the test says so. */
class Bench {
  readonly intake: TaskIntake;
  readonly working = new Map<string, () => void>();
  readonly passedOn: string[] = [];
  othersTake = true;
  isAlone = false;
  paused = false;
  #due: Due | undefined;

  constructor(slotsMax: number) {
    this.intake = new TaskIntake({
      slotsMax,
      clock: {
        add: (due: Due) => {
          this.#due = due;
        },
        remove: () => undefined,
      } as unknown as DeadlineClock,
      source: this,
      work: (taken) => new Promise((resolve) => this.working.set(nameOf(taken), resolve)),
      passOn: (taken) => {
        if (this.othersTake) this.passedOn.push(nameOf(taken));
        return this.othersTake;
      },
    });
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  offer(...names: string[]): void {
    for (const name of names) this.intake.offer(taskOf(name));
  }

  async end(name: string): Promise<void> {
    this.working.get(name)?.();
    this.working.delete(name);
    await new Promise(setImmediate);
  }

  /** The clock looks once it is time. */
  afterASecondOfFullness(): void {
    if (this.#due !== undefined && this.#due.dueAt < Infinity) this.#due.whenDue(this.#due.dueAt);
  }

  get names(): string[] {
    return [...this.working.keys()];
  }
}

const topic = 'ratchet.activity.tasks.n.q';
const taskOf = (name: string, partition = 0): ReadTask =>
  ({ record: { key: name, topic, partition }, task: {}, done: () => undefined }) as unknown as ReadTask;
const nameOf = ({ record }: ReadTask): string => record.key ?? '';

describe('a worker with two slots', () => {
  test('takes two tasks, and lets no more come', () => {
    const bench = new Bench(2);
    bench.offer('a');
    expect(bench.paused).toBe(false);
    bench.offer('b');
    expect(bench.paused).toBe(true);
    expect(bench.names).toEqual(['a', 'b']);
  });

  test('takes what came all the same when a slot is free, in order', async () => {
    const bench = new Bench(2);
    bench.offer('a', 'b', 'c', 'd');
    await bench.end('b');
    expect(bench.names).toEqual(['a', 'c']);
    expect(bench.paused).toBe(true);
    await bench.end('a');
    await bench.end('c');
    expect(bench.names).toEqual(['d']);
    expect(bench.paused).toBe(false);
  });

  test('passes tasks on after a second without a free slot, as many as it has slots', () => {
    const bench = new Bench(2);
    bench.offer('a', 'b', 'c');
    bench.afterASecondOfFullness();
    expect(bench.passedOn).toEqual(['c']);
    expect(bench.paused).toBe(false);
    bench.offer('d');
    expect(bench.passedOn).toEqual(['c', 'd']);
    expect(bench.paused).toBe(true);
    bench.offer('e');
    bench.afterASecondOfFullness();
    expect(bench.passedOn).toEqual(['c', 'd', 'e']);
  });

  test('passes nothing on when a slot was free meanwhile', async () => {
    const bench = new Bench(2);
    bench.offer('a', 'b');
    await bench.end('a');
    bench.afterASecondOfFullness();
    bench.offer('c', 'd');
    expect(bench.passedOn).toEqual([]);
  });

  test('keeps what nobody else would take, and not much of it', async () => {
    const bench = new Bench(2);
    bench.othersTake = false;
    bench.offer('a', 'b');
    bench.afterASecondOfFullness();
    bench.offer('c', 'd');
    expect(bench.paused).toBe(true);
    bench.afterASecondOfFullness();
    expect(bench.paused).toBe(true);
    await bench.end('a');
    expect(bench.names).toEqual(['b', 'c']);
  });

  test('takes in nothing more where nobody else reads: what is more urgent may come first', () => {
    const bench = new Bench(2);
    bench.isAlone = true;
    bench.offer('a', 'b');
    bench.afterASecondOfFullness();
    expect(bench.paused).toBe(true);
  });

  test('forgets what another worker will be given', async () => {
    const bench = new Bench(1);
    bench.offer('a');
    bench.intake.offer(taskOf('gone', 3));
    bench.intake.offer(taskOf('kept', 4));
    bench.intake.forget('another', [4]);
    bench.intake.forget(topic, [3]);
    await bench.end('a');
    expect(bench.names).toEqual(['kept']);
  });

  test('takes nothing more once it is stopped', async () => {
    const bench = new Bench(1);
    bench.offer('a', 'b');
    bench.intake.stop();
    await bench.end('a');
    bench.offer('c');
    expect(bench.names).toEqual([]);
    expect(bench.paused).toBe(true);
  });
});
