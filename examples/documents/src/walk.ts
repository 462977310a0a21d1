import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Context } from '@ratchet/worker';
import { findDocuments } from './documents.ts';
import { fileOf } from './file-activities.ts';

export interface WalkRequest {
  readonly folder: string;
  /** How long the whole walk takes at least: time enough to kill it in the middle. */
  readonly durationMs: number;
}

/** What the walk says in its heartbeats: all that the next attempt needs to go on. */
export interface WalkPosition {
  /** Documents that are in the digest. */
  readonly position: number;
  /** Chained SHA-256 over paths and contents up to the position. */
  readonly digest: string;
  /** The process that walks. */
  readonly pid: number;
}

export interface WalkResult {
  readonly documentCount: number;
  readonly digest: string;
  /** Where the last attempt began: 0, or the position that it found in the heartbeat details. */
  readonly resumedAt: number;
  /** The process of the last attempt. */
  readonly pid: number;
}

const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

/** Walks all documents in order, and after a crash goes on from the last position that was recorded. */
export async function walkDocuments({ folder, durationMs }: WalkRequest): Promise<WalkResult> {
  const context = Context.current();
  const { paths } = await findDocuments(folder);
  const start = startOf(context.info.heartbeatDetails);
  const begunAt = performance.now();
  let { digest } = start;
  for (let position = start.position + 1; position <= paths.length; position++) {
    const path = paths[position - 1] ?? '';
    await untilDue(context, begunAt + ((position - start.position) * durationMs) / paths.length);
    digest = sha256(`${digest}${path}\n${sha256(await readFile(fileOf({ folder, path })))}`);
    context.heartbeat({ position, digest, pid: process.pid } satisfies WalkPosition);
  }
  return { documentCount: paths.length, digest, resumedAt: start.position, pid: process.pid };
}

async function untilDue(context: Context, dueAt: number): Promise<void> {
  const leftMs = dueAt - performance.now();
  if (leftMs >= 1) await context.sleep(leftMs);
}

const startOf = (heartbeatDetails: unknown): Pick<WalkPosition, 'position' | 'digest'> =>
  heartbeatDetails === undefined ? { position: 0, digest: '' } : (heartbeatDetails as WalkPosition);
