import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/**
 * The path of a program of Prometheus: what PROMTOOL or PROMETHEUS names, what stands on the PATH, or what Debian's package
 * has, brought into `folder` once and installed nowhere.
 * @throws Error where there is none of them.
 */
export function prometheusTool(program: 'promtool' | 'prometheus', folder: string): string {
  const named = process.env[program.toUpperCase()];
  if (named !== undefined) return named;
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, program));
  const laid = join(folder, 'prometheus');
  const found = [...onPath, join(laid, 'usr/bin', program)].find((path) => existsSync(path));
  if (found !== undefined) return found;
  const making = `${laid}.${randomUUID()}`;
  mkdirSync(making, { recursive: true });
  try {
    execFileSync('apt-get', ['download', '-qq', 'prometheus'], { cwd: making, stdio: 'pipe' });
    const [name = ''] = readdirSync(making);
    execFileSync('dpkg-deb', ['-x', name, '.'], { cwd: making, stdio: 'pipe' });
    if (!existsSync(laid)) renameSync(making, laid);
  } catch (error) {
    const variable = program.toUpperCase();
    throw new Error(
      `Expected to bring ${program}, but Debian's package prometheus cannot be had. Install it, or name another: ` +
        `${variable}=/path/of/${program}`,
      { cause: error },
    );
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return join(laid, 'usr/bin', program);
}
