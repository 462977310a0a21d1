import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const chunkBytes = 1 << 20;

/** A file system in memory, of so many MiB, that can be filled up. */
export class SmallDisk {
  readonly #folder: string;
  /** Where nobody unmounted it: it goes once nothing has a file open there. */
  readonly #leave = (): void => {
    execFileSync('umount', ['--lazy', this.#folder], { stdio: 'pipe' });
  };

  private constructor(folder: string) {
    this.#folder = folder;
    process.once('exit', this.#leave);
  }

  /** @throws Error when this process may not mount one: that takes root. */
  static mount(folder: string, mebibytes: number): SmallDisk {
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(mebibytes)}m`, 'tmpfs', folder], { stdio: 'pipe' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(
        `Expected to mount a small disk at ${folder}, but this takes root (with CAP_SYS_ADMIN) and Linux: ${reason}`,
        { cause: error },
      );
    }
    return new SmallDisk(folder);
  }

  /** Until not one byte more fits. */
  fill(): void {
    const file = openSync(this.#ballast, 'w');
    try {
      for (let bytes = chunkBytes; bytes >= 1; bytes >>= 1) this.#fillBy(file, Buffer.alloc(bytes));
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  unmount(): void {
    execFileSync('umount', [this.#folder], { stdio: 'pipe' });
    process.off('exit', this.#leave);
  }

  get #ballast(): string {
    return join(this.#folder, 'ballast');
  }

  #fillBy(file: number, chunk: Buffer): void {
    try {
      for (;;) writeSync(file, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
