import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { LiveConfig } from './live-config.ts';
import { readConfig } from './read-config.ts';
import type { ServiceLog } from './service-log.ts';
import type { Setting } from './setting.ts';

const key: Setting<string> = {
  variable: 'RATCHET_TOKEN_SECRET',
  expected: 'k',
  schema: z.string().min(3),
  isLive: true,
};
const other: Setting<string> = { variable: 'RATCHET_PARTITIONS', expected: 'p', schema: z.string() };
const settings = { key, other };

let folder: string;
let said: string[];
let counts: string[];
let live: LiveConfig<typeof settings>;
let taken: string[];
const write = (name: string, content: string): void => {
  writeFileSync(join(folder, name), content);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ratchet-live-'));
  [said, counts, taken] = [[], [], []];
  write('key', 'first');
  write('other', '4');
});
afterEach(() => {
  live.stop();
});

const say = (level: string) => (first: unknown, message?: string) =>
  void said.push(`${level}: ${message ?? String(first)}${message === undefined ? '' : ` ${JSON.stringify(first)}`}`);
const log = { info: say('info'), warn: say('warn'), error: say('error') } as unknown as ServiceLog;

function open(keyFile = join(folder, 'key')): void {
  const variables = { RATCHET_TOKEN_SECRET_FILE: keyFile, RATCHET_PARTITIONS_FILE: join(folder, 'other') };
  const read = () => readConfig('porter', settings, variables);
  live = new LiveConfig(read(), { settings, read, log, counted: (result) => counts.push(result), pollMs: 10 });
}
const take = (name: string) => () =>
  live.onChange(({ key: changed }) => {
    if (changed === 'refused') throw new Error(`${name} refuses it`);
    return () => taken.push(`${name}: ${changed}`);
  });
async function until(isSo: () => boolean): Promise<void> {
  for (const endsAt = performance.now() + 5_000; !isSo() && performance.now() < endsAt;) await pause(5);
  expect(isSo()).toBe(true);
}

describe('read again', () => {
  test('what has changed is taken by everyone, and said without its value', () => {
    open();
    take('one')();
    take('two')();
    write('key', 'second');
    live.reload('SIGHUP');
    expect(taken).toEqual(['one: second', 'two: second']);
    expect(said).toEqual(['info: SIGHUP: settings have changed {"settings":["RATCHET_TOKEN_SECRET"]}']);
    expect(counts).toEqual(['changed']);
  });

  test('what is the same is said to be so', () => {
    open();
    take('one')();
    live.reload('SIGHUP');
    expect([taken, counts]).toEqual([[], []]);
    expect(said).toEqual(['info: SIGHUP: the settings were read again and are the same']);
  });

  test.each([
    ['x', /error: SIGHUP: the settings cannot be used, and those of before stay: [^]*RATCHET_TOKEN_SECRET_FILE/],
    ['refused', /error: SIGHUP: .*those of before stay: two refuses it/],
  ])('what is wrong changes nothing for anyone: %s', (content, message) => {
    open();
    live.onChange(() => () => taken.push('one'));
    take('two')();
    write('key', content);
    live.reload('SIGHUP');
    expect([taken, counts]).toEqual([[], ['refused']]);
    expect(said).toEqual([expect.stringMatching(message)]);
    // And what is right again is the same as before.
    write('key', 'first');
    live.reload('SIGHUP');
    expect(taken).toEqual([]);
    expect(said[1]).toMatch('are the same');
  });

  test('what cannot be taken while running waits for the next start', () => {
    open();
    write('other', '5');
    live.reload('SIGHUP');
    expect(said[1]).toBe('warn: RATCHET_PARTITIONS will be used from the next start on');
  });

  test('who asks later is told of what has changed meanwhile', () => {
    open();
    take('early')();
    write('key', 'second');
    live.reload('SIGHUP');
    take('late')();
    expect(taken).toEqual(['early: second', 'late: second']);
  });
});

describe('a file', () => {
  test('that changes is read again, once', async () => {
    open();
    take('one')();
    await live.watch();
    write('key', 'second');
    await until(() => taken.length > 0);
    await pause(50);
    expect(taken).toEqual(['one: second']);
    expect(said).toEqual([expect.stringMatching('a file has changed: settings have changed')]);
  });

  test('that is turned to another by a link is read again, as Kubernetes changes a secret', async () => {
    mkdirSync(join(folder, '1'));
    mkdirSync(join(folder, '2'));
    write('1/key', 'first');
    write('2/key', 'second');
    symlinkSync('1', join(folder, '..data'));
    open(join(folder, '..data', 'key'));
    take('one')();
    await live.watch();
    symlinkSync('2', join(folder, '..data.new'));
    renameSync(join(folder, '..data.new'), join(folder, '..data'));
    await until(() => taken.length > 0);
    expect(taken).toEqual(['one: second']);
  });

  test('that becomes wrong is said once, and read again when it is right', async () => {
    open();
    take('one')();
    await live.watch();
    write('key', '');
    await until(() => counts.length > 0);
    await pause(50);
    expect(counts).toEqual(['refused']);
    write('key', 'third');
    await until(() => taken.length > 0);
    expect(taken).toEqual(['one: third']);
  });
});
