import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Doors } from '@ratchet/tools-start';

const fileIn = (folder: string): string => join(folder, 'gateways.json');

/** Tells the processes of a drill where its gateways listen now; one that is down is not told. */
export function tellGateways(folder: string, gateways: readonly Doors[]): void {
  const file = fileIn(folder);
  writeFileSync(`${file}.new`, JSON.stringify(gateways));
  renameSync(`${file}.new`, file);
}

/** The gateways of a drill, asked in turns. */
export class Gateways {
  readonly #folder: string;
  #turn = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Error when none is up. */
  next(): Doors {
    const gateways = JSON.parse(readFileSync(fileIn(this.#folder), 'utf8')) as readonly Doors[];
    const next = gateways[this.#turn++ % Math.max(1, gateways.length)];
    if (next === undefined) throw new Error('Expected to find a gateway, but none is up');
    return next;
  }
}
