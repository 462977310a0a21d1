import { jest } from '@jest/globals';
import { GroupCommitter } from './group-committer.ts';
import { OpenGroup, sealedGroup, type SealedGroup } from './sealed-group.ts';

interface Stage {
  readonly committer: GroupCommitter;
  readonly log: string[];
  /** What was handled and is not sealed. */
  handled: number;
  settle: () => void;
  fail: boolean;
}

const handledGroup = (records: number): OpenGroup => Object.assign(new OpenGroup(), { records });

function stage(delayMs = 0): Stage {
  const log: string[] = [];
  const state: Stage = { committer: undefined as never, log, handled: 0, settle: () => undefined, fail: false };
  let groups = 0;
  const seal = (): SealedGroup | undefined => {
    if (state.handled === 0) return undefined;
    const group = sealedGroup(handledGroup(state.handled), [], new Map([['n', ++groups]]));
    state.handled = 0;
    return group;
  };
  const committer = new GroupCommitter({
    seal,
    effectsSettled: () => new Promise((resolve) => (state.settle = resolve)),
    write: ({ records }) => {
      log.push(`write ${String(records)}`);
      return state.fail ? Promise.reject(new Error('the transaction failed')) : Promise.resolve(0);
    },
    onCommitted: ({ records }) => log.push(`committed ${String(records)}`),
    onIdle: () => log.push('idle'),
    onFailed: ({ message }) => log.push(message),
    delayMs,
    intervalMs: 250,
  });
  return Object.assign(state, { committer });
}

describe('a group committer', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const handle = (at: Stage, records: number, changedState = true): void => {
    at.handled += records;
    at.committer.poke(changedState);
  };
  const turn = async (): Promise<void> => jest.advanceTimersByTimeAsync(0);

  test('commits at once when idle, but only after the effects are acknowledged', async () => {
    const at = stage();
    handle(at, 1);
    await turn();
    expect(at.log).toEqual([]);
    at.settle();
    await turn();
    expect(at.log).toEqual(['write 1', 'committed 1', 'idle']);
  });

  test('when idle, gathers what comes within the delay', async () => {
    const at = stage(20);
    handle(at, 1);
    await jest.advanceTimersByTimeAsync(15);
    handle(at, 2);
    await jest.advanceTimersByTimeAsync(5);
    at.settle();
    await turn();
    expect(at.log).toEqual(['write 3', 'committed 3', 'idle']);
  });

  test('under load, gathers what is handled for at least 250 ms', async () => {
    const at = stage();
    handle(at, 1);
    at.settle();
    await turn();
    handle(at, 2);
    handle(at, 3);
    await jest.advanceTimersByTimeAsync(240);
    expect(at.log).toEqual(['write 1', 'committed 1', 'idle']);
    await jest.advanceTimersByTimeAsync(20);
    at.settle();
    await turn();
    expect(at.log.slice(3)).toEqual(['write 5', 'committed 5', 'idle']);
  });

  test('a mere progress waits longer, until a state changes', async () => {
    const at = stage();
    handle(at, 1);
    at.settle();
    await turn();
    handle(at, 1, false);
    await jest.advanceTimersByTimeAsync(900);
    expect(at.log).toHaveLength(3);
    handle(at, 1);
    at.settle();
    await turn();
    expect(at.log.slice(3)).toEqual(['write 2', 'committed 2', 'idle']);
  });

  test('two full groups wait in line, and are written in their order', async () => {
    const at = stage();
    for (const records of [10, 20]) {
      at.handled = records;
      at.committer.push(sealedGroup(handledGroup(records), [], new Map()));
    }
    expect(at.committer.waitingCount).toBe(2);
    at.settle();
    await turn();
    at.settle();
    await turn();
    expect(at.log).toEqual(['write 10', 'committed 10', 'write 20', 'committed 20', 'idle']);
  });

  test('after a failure nothing is written any more', async () => {
    const at = stage();
    at.fail = true;
    handle(at, 1);
    at.settle();
    await turn();
    handle(at, 1);
    at.committer.push(sealedGroup(handledGroup(1), [], new Map()));
    await jest.advanceTimersByTimeAsync(1000);
    expect(at.log).toEqual(['write 1', 'the transaction failed']);
  });

  test('draining commits what was handled, whatever the interval says', async () => {
    const at = stage();
    handle(at, 1);
    at.settle();
    await turn();
    at.handled = 4;
    const drained = at.committer.drain();
    await turn();
    at.settle();
    await drained;
    expect(at.log.slice(3)).toEqual(['write 4', 'committed 4', 'idle']);
  });

  test('a partition that is lost during its commit hears no more of it', async () => {
    const at = stage();
    handle(at, 1);
    at.committer.close();
    at.settle();
    await turn();
    expect(at.log).toEqual(['write 1']);
  });
});
