import type { Reply } from '@ratchet/domain';
import { OperationalError, type OutputRecord } from '@ratchet/kafka';
import type { Due } from './deadline-clock.ts';

/** What an exchange needs of the channel that carries it. */
export interface ExchangeCarrier {
  send(record: OutputRecord, exchange: Exchange): void;
  /** It is over, one way or the other. */
  close(exchange: Exchange): void;
}

/** What is asked from now on. */
export interface NextQuestion {
  /** Made only when it is needed. */
  readonly record: () => OutputRecord | undefined;
  readonly repeatMs: number;
  /** The pauses grow by half up to this; absent: they stay as they are. */
  readonly repeatMsMax?: number;
  readonly silenceMsMax: number;
  /** Or after `repeatMs`. */
  readonly atOnce: boolean;
}

/** How an exchange goes. */
export interface ExchangePlan {
  /** Replies are matched by it. */
  readonly id: string;
  /** For error messages: "the answer to Schedule of activity 'charge-42'". */
  readonly what: string;
  readonly record: OutputRecord;
  /** The answer is on its way already: the record is sent only if it does not come. */
  readonly isUnasked?: boolean;
  /** Told once the record is in the log, and where. */
  readonly onWritten?: (offset: number) => void;
  /** What is sent after so long without the answer; absent: the same record. It may be too early to ask anything. */
  readonly repeatRecord?: () => OutputRecord | undefined;
  /** Infinity: never. */
  readonly repeatMs: number;
  readonly repeatMsMax?: number;
  /** An exchange that hears nothing for so long fails. */
  readonly silenceMsMax: number;
  /** Whether this is what was waited for. Whatever else arrives shows that the other side lives. */
  readonly isAnswer: (body: Reply['body']) => boolean;
  /** Called with what arrives before the answer. @returns nothing to go on as before. */
  readonly goOn?: (reply: Reply) => NextQuestion | undefined;
}

/** One question on its way: sent, repeated, and answered once or failed once. */
export class Exchange implements Due {
  readonly plan: ExchangePlan;
  readonly answer: Promise<Reply>;
  dueAt = Infinity;
  readonly #carrier: ExchangeCarrier;
  #question: Omit<NextQuestion, 'atOnce'>;
  #repeatMs: number;
  #askedAt = 0;
  #repeatAt = Infinity;
  #silentUntil = Infinity;
  #resolve: (reply: Reply) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(plan: ExchangePlan, carrier: ExchangeCarrier) {
    const { record, repeatRecord = () => record } = plan;
    this.plan = plan;
    this.#carrier = carrier;
    this.#question = { ...plan, record: repeatRecord };
    this.#repeatMs = plan.repeatMs;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whose command log decides. */
  get partition(): number {
    return this.plan.record.partition ?? 0;
  }

  start(now: number): void {
    this.#silentUntil = now + this.#question.silenceMsMax;
    this.#askedAt = now;
    if (this.plan.isUnasked !== true) this.#carrier.send(this.plan.record, this);
    this.#wait(now);
  }

  receive(reply: Reply): void {
    if (this.plan.isAnswer(reply.body)) {
      this.#carrier.close(this);
      this.#resolve(reply);
      return;
    }
    const now = performance.now();
    const next = this.plan.goOn?.(reply);
    if (next !== undefined) {
      this.#question = next;
      this.#repeatMs = next.repeatMs;
    }
    this.#silentUntil = now + this.#question.silenceMsMax;
    if (next?.atOnce === true) this.#send(now);
    else this.#wait(now);
  }

  /** Asks again at once, unless it has asked a moment ago: someone waits for the answer who has not asked yet. */
  refresh(now: number): void {
    if (now >= this.#askedAt + this.plan.repeatMs) this.#send(now);
  }

  whenDue(now: number): void {
    if (now >= this.#silentUntil) this.fail(this.#timeoutError());
    else if (now >= this.#repeatAt) this.#repeat(now);
  }

  fail(error: Error): void {
    this.#carrier.close(this);
    this.#reject(error);
  }

  #send(now: number): void {
    const record = this.#question.record();
    if (record !== undefined) this.#carrier.send(record, this);
    this.#askedAt = now;
    this.#wait(now);
  }

  #repeat(now: number): void {
    const { repeatMsMax = this.#repeatMs } = this.#question;
    this.#repeatMs = Math.min(this.#repeatMs * 1.5, repeatMsMax);
    this.#send(now);
  }

  #wait(from: number): void {
    this.#repeatAt = from + this.#repeatMs;
    this.dueAt = Math.min(this.#repeatAt, this.#silentUntil);
  }

  #timeoutError(): OperationalError {
    const { silenceMsMax } = this.#question;
    return new OperationalError(
      `Expected to get ${this.plan.what}, but nothing came for ${String(silenceMsMax / 1000)} s: is there a broker, and does the scheduler run? What was sent may still be carried out`,
      'RKT1201',
      true,
    );
  }
}
