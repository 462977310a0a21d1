import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ApplicationFailure, Context } from '@ratchet/worker';
import type { DocumentReference } from './documents.ts';
import { plannedFailures } from './planned-failures.ts';

export interface ReadResult {
  readonly sizeBytes: number;
  /** Line feeds. */
  readonly lineCount: number;
}

export interface ChecksumResult {
  readonly sha256: string;
}

export interface CompressResult {
  readonly gzipBytes: number;
  /** Of what comes out when the compressed bytes are decompressed again. */
  readonly unzippedSha256: string;
}

/** The activities that are run once per document. */
export const fileActivityTypes = ['readDocument', 'checksumDocument', 'compressDocument'] as const;
export type FileActivityType = (typeof fileActivityTypes)[number];

const lineFeed = 10;
const [zip, unzip] = [promisify(gzip), promisify(gunzip)];

/** Reads a document as a stream and counts. */
export async function readDocument(document: DocumentReference): Promise<ReadResult> {
  failAtFirst('readDocument', document);
  let [sizeBytes, lineCount] = [0, 0];
  for await (const chunk of chunksOf(document)) {
    sizeBytes += chunk.length;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) lineCount++;
  }
  return { sizeBytes, lineCount };
}

/** SHA-256 of a document, read as a stream. */
export async function checksumDocument(document: DocumentReference): Promise<ChecksumResult> {
  failAtFirst('checksumDocument', document);
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(document)) hash.update(chunk);
  return { sha256: hash.digest('hex') };
}

/** Compresses a document, and decompresses it again to show that nothing was lost. */
export async function compressDocument(document: DocumentReference): Promise<CompressResult> {
  failAtFirst('compressDocument', document);
  const zipped = await zip(await readFile(fileOf(document)));
  const unzipped = await unzip(zipped);
  return { gzipBytes: zipped.length, unzippedSha256: createHash('sha256').update(unzipped).digest('hex') };
}

export const fileOf = ({ folder, path }: DocumentReference): string => join(folder, path);

const chunksOf = (document: DocumentReference): AsyncIterable<Buffer> => createReadStream(fileOf(document));

/** The trouble a real disk or network would make, here made on purpose. */
function failAtFirst(activityType: FileActivityType, { path }: DocumentReference): void {
  const { attempt } = Context.current().info;
  if (attempt > plannedFailures(activityType, path)) return;
  throw ApplicationFailure.retryable(`Expected to open ${path}, but it is busy in attempt ${String(attempt)}`, 'Busy');
}
