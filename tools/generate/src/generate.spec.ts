import { describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const main = join(import.meta.dirname, 'main.ts');
const schemas = join(import.meta.dirname, '../../../schemas');
const generated = join(import.meta.dirname, '../../../libs/schemas/src/generated');

// Each run is a process of about a second.
jest.setTimeout(60_000);

interface Run {
  readonly exitCode: number;
  readonly output: string;
}

/** The generator as it is run by hand, in a process of its own: Prettier and Jest do not share one. */
const generator = (...args: readonly string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });

/** Runs a test on a copy of `schemas` and what was generated from it. */
async function inCopy(test: (from: string, to: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ratchet-generate-'));
  const [from, to] = [join(folder, 'schemas'), join(folder, 'generated')];
  try {
    await cp(schemas, from, { recursive: true });
    await cp(generated, to, { recursive: true });
    await test(from, to);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the generator', () => {
  it('finds what is committed fresh', async () => {
    expect(await generator('--check')).toEqual({ exitCode: 0, output: '' });
  });

  it('names what is stale, missing, or should not be there', () =>
    inCopy(async (from, to) => {
      await writeFile(join(to, 'failure.ts'), 'stale');
      await rm(join(to, 'payload.ts'));
      await writeFile(join(to, 'left-over.ts'), '');
      const { exitCode, output } = await generator('--check', from, to);
      expect(exitCode).toBe(1);
      expect(output).toContain('differ from the schemas: failure.ts, payload.ts, left-over.ts');
      expect(output).toContain('Run: node tools/generate/src/main.ts');
    }));

  it('makes it fresh again, byte for byte', () =>
    inCopy(async (from, to) => {
      await rm(to, { recursive: true });
      expect(await generator(from, to)).toMatchObject({ exitCode: 0 });
      expect(await generator('--check', schemas, to)).toEqual({ exitCode: 0, output: '' });
    }));

  it('refuses a file whose name is not what it defines', () =>
    inCopy(async (from, to) => {
      await cp(join(from, 'Progress.avsc'), join(from, 'Regress.avsc'));
      const { exitCode, output } = await generator('--check', from, to);
      expect(exitCode).toBe(1);
      expect(output).toContain('Expected Regress.avsc to define Regress, but it defines Progress');
    }));
});
