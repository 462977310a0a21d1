import process from 'node:process';
import { connectKafka } from '../cluster/connection.ts';
import type { CounterTopics } from './counter-logic.ts';
import { startCounter } from './counter-stage.ts';

/** What the process is told, as JSON in its first argument. */
export interface CounterServiceOptions {
  readonly brokers: readonly string[];
  readonly service: string;
  readonly owner: string;
  readonly topics: CounterTopics;
}

/**
 * A counter service in a process of its own, for tests that kill or stop it.
 *
 * Writes a line when something happens: `committed`, and the events of `StartedCounter`.
 */
const { brokers, service, owner, topics } = JSON.parse(process.argv[2] ?? '{}') as CounterServiceOptions;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const connection = await connectKafka({ brokers, clientId: owner, requestTimeoutMs: 5000 });
const counter = await startCounter({ service, connection, topics }, { owner, onCommitted: () => say('committed') });
let told = 0;
setInterval(() => {
  for (; told < counter.events.length; told++) say(counter.events[told] ?? '');
}, 10);
