import type { Reply } from '@ratchet/domain';
import { OperationalError, type OutputRecord } from '@ratchet/kafka';
import type { Due } from './deadline-clock.ts';
import type { CountedRequest } from './request-metrics.ts';
import { pauseMsAfter, type Repetition } from './repetition.ts';

/** What an exchange needs of the channel that carries it. */
export interface ExchangeCarrier {
  /** Tells the exchange by `written` once the broker has it; until then the record is sent again by whoever carries it. */
  send(record: OutputRecord, exchange: Exchange): void;
  /** It is over, one way or the other. */
  close(exchange: Exchange): void;
}

/** What is asked from now on. */
export interface NextQuestion {
  /** Made only when it is needed. */
  readonly record: () => OutputRecord | undefined;
  readonly repetition: Repetition;
  readonly silenceMsMax: number;
  /** Or after the first pause. */
  readonly atOnce: boolean;
}

/** How an exchange goes. */
export interface ExchangePlan {
  /** Replies are matched by it. */
  readonly id: string;
  /** How it is counted; absent: it is a part of another. */
  readonly counted?: CountedRequest;
  /** For error messages: "the answer to Schedule of activity 'charge-42'". */
  readonly what: string;
  readonly record: OutputRecord;
  /** The answer is on its way already: the record is sent only if it does not come. */
  readonly isUnasked?: boolean;
  /** Told once the record is in the log, and where. */
  readonly onWritten?: (offset: number) => void;
  /** What is sent in a repetition; absent: the same record. It may be too early to ask anything. */
  readonly repeatRecord?: () => OutputRecord | undefined;
  /** Absent: it is sent once. */
  readonly repetition?: Repetition | undefined;
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
  #question: Pick<NextQuestion, 'record' | 'silenceMsMax'> & Pick<ExchangePlan, 'repetition'>;
  /** How often the present question was asked, or was on its way already. */
  #askedCount = 1;
  #askedAt = 0;
  /** Carried, and not yet with the broker. */
  #underWay: OutputRecord | undefined;
  #repeatAt = Infinity;
  #silentUntil = Infinity;
  #resolve: (reply: Reply) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(plan: ExchangePlan, carrier: ExchangeCarrier) {
    const { record, repeatRecord = () => record } = plan;
    this.plan = plan;
    this.#carrier = carrier;
    const { repetition, silenceMsMax } = plan;
    this.#question = { record: repeatRecord, repetition, silenceMsMax };
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
    if (this.plan.isUnasked !== true) this.#carry(this.plan.record);
    this.#pause(now);
  }

  /** The broker has a record of this exchange. */
  written(record: OutputRecord, offset: number): void {
    if (record === this.#underWay) this.#underWay = undefined;
    if (record === this.plan.record) this.plan.onWritten?.(offset);
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
      this.#askedCount = next.atOnce ? 0 : 1;
      // It was answered, so it was written.
      this.#underWay = undefined;
    }
    this.#silentUntil = now + this.#question.silenceMsMax;
    if (next?.atOnce === true) this.#ask(now);
    else this.#pause(now);
  }

  /** Asks again at once, unless it has asked a moment ago: someone waits for the answer who has not asked yet. */
  refresh(now: number): void {
    if (now >= this.#askedAt + (this.plan.repetition?.firstMs ?? Infinity)) this.#ask(now);
  }

  whenDue(now: number): void {
    if (now >= this.#silentUntil) this.fail(this.#timeoutError());
    else if (now >= this.#repeatAt) this.#ask(now);
  }

  fail(error: Error): void {
    this.#carrier.close(this);
    this.#reject(error);
  }

  /** What the broker does not have yet is sent again by its carrier: a second copy would only come after it. */
  #ask(now: number): void {
    const record = this.#underWay === undefined ? this.#question.record() : undefined;
    if (record !== undefined) this.#carry(record);
    this.#askedCount++;
    this.#askedAt = now;
    this.#pause(now);
  }

  #carry(record: OutputRecord): void {
    this.#underWay = record;
    this.#carrier.send(record, this);
  }

  #pause(from: number): void {
    const { repetition } = this.#question;
    this.#repeatAt = repetition === undefined ? Infinity : from + pauseMsAfter(repetition, this.#askedCount);
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
