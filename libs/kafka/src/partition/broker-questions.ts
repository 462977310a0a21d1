import { backoffMs } from '../waiting.ts';
import type { KafkaConnection } from '../cluster/connection.ts';
import type { Ask } from './partition-events.ts';

interface Question {
  readonly ask: Ask;
  failures: number;
  /** It has failed, and is asked again then. */
  retryAt: number | undefined;
}

/** What a partition has asked the brokers, and was not answered yet; what fails is asked again, with growing pauses. */
export class BrokerQuestions {
  readonly #open = new Map<string, Question>();

  get size(): number {
    return this.#open.size;
  }

  /** When the next of them is to be asked again. */
  get retryAt(): number {
    let at = Infinity;
    for (const { retryAt = Infinity } of this.#open.values()) at = Math.min(at, retryAt);
    return at;
  }

  /** @returns false where it is asked already. */
  ask(ask: Ask): boolean {
    const key = keyOf(ask);
    if (this.#open.has(key)) return false;
    this.#open.set(key, { ask, failures: 0, retryAt: undefined });
    return true;
  }

  /** @returns the question; `undefined` where nobody waits for an answer to it. */
  answered(ask: Ask): { readonly failures: number } | undefined {
    const key = keyOf(ask);
    const question = this.#open.get(key);
    if (question?.retryAt !== undefined) return undefined;
    this.#open.delete(key);
    return question;
  }

  failed(ask: Ask, now: number): void {
    const question = this.#open.get(keyOf(ask));
    if (question !== undefined) question.retryAt = now + backoffMs(question.failures++);
  }

  /** Those that are to be asked again now. */
  dueAt(now: number): readonly Ask[] {
    if (this.#open.size === 0) return [];
    const due = [...this.#open.values()].filter(({ retryAt = Infinity }) => retryAt <= now);
    for (const question of due) question.retryAt = undefined;
    return due.map(({ ask }) => ask);
  }

  clear(): void {
    this.#open.clear();
  }
}

/** What is asked. */
export function inWords(
  ask: Ask,
  connection: Pick<KafkaConnection, 'realName'>,
  stateTopics: readonly string[] = [],
): string {
  if (ask.kind === 'fence') return 'fence';
  const topics = ask.kind === 'locate' ? [ask.topic] : stateTopics;
  return `look at the log of ${topics.map((topic) => connection.realName(topic)).join(' and ')}`;
}

const keyOf = (ask: Ask): string =>
  ask.kind === 'locate' ? `${ask.for} ${ask.topic} ${String(ask.offset)}` : ask.kind;
