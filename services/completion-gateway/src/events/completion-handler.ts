import type { CompletionEvent } from '@ratchet/domain';
import { PoisonousRecordError, type InputRecord, type TraceContext } from '@ratchet/kafka';
import { UnreadableRecordError, type Codec } from '@ratchet/schemas';
import type { AttemptCalls, AttemptName, Caller } from '../front-door/index.ts';
import { fields, wrongIn } from '../fields/fields.ts';
import { reportIdOf } from '../http/report-id.ts';
import { isCloudEvent, readCloudEvent } from './cloud-event.ts';

export interface CompletionHandlerParts {
  readonly codec: Pick<Codec, 'decodeCompletionEvent'>;
  readonly attempts: Pick<AttemptCalls, 'complete' | 'fail' | 'reportCanceled' | 'heartbeat'>;
}

/** Whoever may write to the topic may complete: the broker asks who that is. */
const principal = { name: 'completions', provedBy: 'kafka', may: () => true } as const;

/** One completion event -> one command, and its answer. */
export class CompletionHandler {
  readonly #parts: CompletionHandlerParts;

  constructor(parts: CompletionHandlerParts) {
    this.#parts = parts;
  }

  /**
   * @returns the event in either of its forms, at once where the schema is known.
   * @throws PoisonousRecordError or UnreadableRecordError (or rejects with it) when it can never be understood; anything
   * else passes.
   */
  read(record: InputRecord): CompletionEvent | Promise<CompletionEvent> {
    if (isCloudEvent(record)) return readCloudEvent(record);
    if (record.value === null)
      throw new PoisonousRecordError('Expected to read a completion event, but it is a tombstone');
    return this.#parts.codec.decodeCompletionEvent(record.value);
  }

  /**
   * Reports what the event says. The same event again is acknowledged and changes nothing.
   *
   * @throws FrontDoorError (rejects) as the attempt calls; PoisonousRecordError when it names no attempt.
   */
  async carryOut(event: CompletionEvent, trace: TraceContext | undefined): Promise<void> {
    const { attempts } = this.#parts;
    const { source, eventId, body } = event;
    checkEvent(event);
    const name = nameIn(event);
    const caller: Caller = {
      namespace: event.taskToken === undefined ? (event.target?.namespace ?? '') : '',
      // Cut through a character it would be refused.
      identity: source.slice(0, identityLengthMax).toWellFormed(),
      principal,
      trace,
    };
    const options = { reportId: reportIdOf('event', source, eventId) };
    switch (body.type) {
      case 'Completed':
        return attempts.complete(caller, name, body.result, options);
      case 'Failed':
        await attempts.fail(caller, name, { failure: body.failure, ...options });
        return;
      case 'Canceled':
        return attempts.reportCanceled(caller, name, body.details, options);
      case 'Heartbeat':
        await attempts.heartbeat(caller, name, body.details);
    }
  }
}

/** Of at most four bytes each, well below the limit of 1000 bytes. */
const identityLengthMax = 200;

/** The ids are looked at where they are used. */
function checkEvent({ eventId, source, taskToken = new Uint8Array() }: CompletionEvent): void {
  const wrong =
    said('id', wrongIn(fields['ce-id'], eventId)) ??
    said('source', wrongIn(fields['ce-source'], source)) ??
    said('task token', wrongIn(fields.taskToken, taskToken));
  if (wrong !== undefined) throw new PoisonousRecordError(`Expected to read a completion event, but its ${wrong}`);
}

const said = (what: string, wrong: string | undefined): string | undefined =>
  wrong === undefined ? undefined : `${what} ${wrong}`;

function nameIn({ taskToken, target }: CompletionEvent): AttemptName {
  if (taskToken !== undefined) return { taskToken };
  if (target === undefined) {
    throw new PoisonousRecordError('Expected to find a task token or ids in a completion event, but there are neither');
  }
  return target;
}

/** Whether the record itself is to blame. */
export const isPoisonous = (error: unknown): boolean =>
  error instanceof PoisonousRecordError || error instanceof UnreadableRecordError;
