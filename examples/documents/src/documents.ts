import { access, constants, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A document as activities are told of it. */
export interface DocumentReference {
  /** An absolute path. */
  readonly folder: string;
  /** Relative to the folder, parts separated by `/`. */
  readonly path: string;
}

/** What a walk through a folder found. */
export interface Documents {
  /** Absolute. */
  readonly folder: string;
  /** Relative to the folder, sorted by code unit, so that every process walks them in one order. */
  readonly paths: readonly string[];
  /** Files that are too large or may not be read. */
  readonly leftOutCount: number;
}

/** Tells one content of a document from another: size and time of the last change. */
export type Fingerprints = ReadonlyMap<string, string>;

const mebibyte = 1024 * 1024;
export const documentBytesMax = 4 * mebibyte;

const leftOutFolders = new Set(['node_modules', '.git', '.ratchet', '.nx', 'coverage']);

/** What is installed, built or kept by tools is no input. */
const isLeftOut = (folderName: string): boolean => leftOutFolders.has(folderName) || folderName.startsWith('dist');

/**
 * Finds the regular files under a folder, without following symbolic links.
 *
 * @throws Error with a sentence for the person who named the folder, when it is not one.
 */
export async function findDocuments(folder: string, bytesMax = documentBytesMax): Promise<Documents> {
  await expectFolder(folder);
  const found = await filesUnder(folder, '');
  const usable = await Promise.all(found.map((path) => isUsable(join(folder, path), bytesMax)));
  const paths = found.filter((_, index) => usable[index] === true).sort();
  return { folder, paths, leftOutCount: found.length - paths.length };
}

async function expectFolder(folder: string): Promise<void> {
  const entry = await stat(folder).catch(() => undefined);
  if (entry === undefined) throw new Error(`Expected to read documents in '${folder}', but there is no such folder`);
  if (!entry.isDirectory()) throw new Error(`Expected to read documents in '${folder}', but it is not a folder`);
}

/** A sub-folder that may not be read counts as empty. */
async function filesUnder(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) return isLeftOut(entry.name) ? [] : await filesUnder(folder, `${path}/`);
      return entry.isFile() ? [path] : [];
    }),
  );
  return found.flat();
}

async function isUsable(file: string, bytesMax: number): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return (await stat(file)).size <= bytesMax;
  } catch {
    return false;
  }
}

/** One fingerprint per path. */
export async function fingerprintsOf({ folder, paths }: Documents): Promise<Fingerprints> {
  const prints = paths.map(async (path) => {
    const entry = await stat(join(folder, path)).catch(() => undefined);
    return [path, entry === undefined ? 'gone' : `${String(entry.size)} bytes of ${String(entry.mtimeMs)}`] as const;
  });
  return new Map(await Promise.all(prints));
}
