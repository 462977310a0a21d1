import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ChecksumResult, CompressResult, ReadResult } from './file-activities.ts';
import type { WalkResult } from './walk.ts';

/** The direct computation that the activities' results are held against: no worker, no Kafka, one file after the other. */

export interface DirectResults {
  readonly readDocument: ReadResult;
  readonly checksumDocument: ChecksumResult;
  readonly compressDocument: CompressResult;
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** A file that went away while the demo ran counts as empty: that it went is found by a check of its own. */
function contentOf(folder: string, path: string): Buffer {
  const file = join(folder, path);
  return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
}

/** What the three activities on a document must return. */
export function computeDirectly(folder: string, path: string): DirectResults {
  const content = contentOf(folder, path);
  const checksum = sha256(content);
  return {
    readDocument: { sizeBytes: content.length, lineCount: content.toString('latin1').split('\n').length - 1 },
    checksumDocument: { sha256: checksum },
    compressDocument: { gzipBytes: gzipSync(content).length, unzippedSha256: checksum },
  };
}

/** What the walk over all documents must return, whatever became of its attempts. */
export function walkDirectly(folder: string, paths: readonly string[]): Pick<WalkResult, 'documentCount' | 'digest'> {
  const digest = paths.reduce(
    (chain, path) => sha256(Buffer.from(`${chain}${path}\n${sha256(contentOf(folder, path))}`)),
    '',
  );
  return { documentCount: paths.length, digest };
}

/** The digest of a text, as the outside process computes it. */
export const digestOf = (text: string): string => sha256(Buffer.from(text));
