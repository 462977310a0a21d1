import { blobBytesMax, payloadsBytes, type Payloads } from '@ratchet/domain';
import {
  ApplicationFailure,
  encodePayloads,
  errorText,
  isInstance,
  type CommandReply,
  type LoadedDataConverter,
  type RequestOptions,
} from '@ratchet/protocol';
import type { CancelReason } from './cancel-reason.ts';
import { heartbeatIntervalMs, HeartbeatThrottle } from './heartbeat-throttle.ts';

export interface AttemptHeartbeatsParts {
  /** 0 is none. */
  readonly heartbeatTimeoutMs: number;
  readonly converter: LoadedDataConverter;
  readonly send: (
    command: { readonly type: 'RecordHeartbeat'; readonly details: Payloads },
    options: RequestOptions,
  ) => Promise<CommandReply>;
  /** The activity is to stop. */
  readonly cancel: (reason: CancelReason) => void;
  readonly log: (level: 'debug' | 'warn', message: string) => void;
}

/** How long the answer to a heartbeat is waited for when the activity has no heartbeat timeout. */
const answerMsDefault = 30_000;
/** As the reference's SDKs: the worker does not race with the log. */
const bufferMsMax = 5_000;

/**
 * What an attempt says while it runs, and what it is told in answer. Semantics sections 1.4 and 2.5.
 *
 * It also knows when the log must have given the attempt up: the heartbeat timeout after the last heartbeat that was
 * answered (or the start). While another one is on its way, the log may have it: then its answer is waited for, for
 * another timeout, 5 s at most.
 */
export class AttemptHeartbeats {
  readonly #parts: AttemptHeartbeatsParts;
  readonly #throttle: HeartbeatThrottle<Payloads>;
  #heardAt = performance.now();
  #unansweredCount = 0;
  #failure: unknown;

  constructor(parts: AttemptHeartbeatsParts) {
    this.#parts = parts;
    const intervalMs = heartbeatIntervalMs(parts.heartbeatTimeoutMs);
    this.#throttle = new HeartbeatThrottle(intervalMs, (latest) => void this.send(latest));
  }

  /** When it is too late, on the clock of `performance.now()`. */
  get deadline(): number {
    const { heartbeatTimeoutMs } = this.#parts;
    if (heartbeatTimeoutMs === 0) return Infinity;
    const bufferMs = this.#unansweredCount > 0 ? Math.min(heartbeatTimeoutMs, bufferMsMax) : 0;
    return this.#heardAt + heartbeatTimeoutMs + bufferMs;
  }

  /** What the attempt fails with when it was cancelled for a heartbeat that could not be sent. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Converted at once, so that what the activity changes later does not change what it has said. */
  add(details: unknown): void {
    try {
      this.#throttle.add(details === undefined ? [] : [this.#payloadOf(details)]);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends it. @returns what was said last and not sent. */
  take(): Payloads | undefined {
    return this.#throttle.take()?.value;
  }

  /** Never rejects: what a heartbeat without an answer means, the deadline says. */
  async send(payloads: Payloads): Promise<void> {
    const { converter, heartbeatTimeoutMs, log } = this.#parts;
    let details: Payloads;
    try {
      details = await encodePayloads(converter, payloads);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const timeoutMs = heartbeatTimeoutMs > 0 ? heartbeatTimeoutMs : answerMsDefault;
    const sentAt = performance.now();
    this.#unansweredCount++;
    try {
      this.#hear(await this.#parts.send({ type: 'RecordHeartbeat', details }, { timeoutMs }), sentAt);
    } catch (error) {
      log('debug', `a heartbeat was not answered: ${errorText(error)}`);
    } finally {
      this.#unansweredCount--;
    }
  }

  #payloadOf(details: unknown): Payloads[number] {
    const payload = this.#parts.converter.payloadConverter.toPayload(details);
    if (payloadsBytes([payload]) <= blobBytesMax) return payload;
    throw ApplicationFailure.nonRetryable('Heartbeat details exceed size limit.', 'SizeLimitExceeded');
  }

  #fail(error: unknown): void {
    this.#failure ??= isInstance(error, ApplicationFailure) ? error : conversionFailure(error);
    this.#parts.cancel('HEARTBEAT_DETAILS_CONVERSION_FAILED');
  }

  #hear({ body }: CommandReply, sentAt: number): void {
    const { cancel, log } = this.#parts;
    if (body.type === 'Refused') {
      const { reason, message, attemptTimedOut } = body.refusal;
      if (attemptTimedOut === true) cancel('TIMED_OUT');
      else if (reason === 'not-found' || reason === 'stale-attempt') cancel('NOT_FOUND');
      else log('warn', `a heartbeat was refused: ${message}`);
      return;
    }
    this.#heardAt = Math.max(this.#heardAt, sentAt);
    if (body.answer.type !== 'HeartbeatRecorded') return;
    const { cancelRequested, reset, paused } = body.answer;
    if (cancelRequested) cancel('CANCELLED');
    else if (reset) cancel('RESET');
    else if (paused) cancel('PAUSED');
  }
}

/** As the reference words it; the cause says what is wrong with the details. */
const conversionFailure = (cause: unknown): ApplicationFailure =>
  ApplicationFailure.create({ message: 'HEARTBEAT_DETAILS_CONVERSION_FAILED', type: 'CancelledFailure', cause });
