import type { Mutant } from './mutant.ts';

const machine = 'libs/kafka/src/partition/partition-machine.ts';
const sources = 'libs/kafka/src/partition/topic-source.ts';
const commits = 'libs/kafka/src/partition/group-commits.ts';
const records = 'libs/kafka/src/partition/record-handler.ts';
const rows = 'libs/domain/src/state-rows.ts';
const state = 'libs/domain/src/partition-state.ts';
const disk = 'libs/store/src/disk-store.ts';
const scheduler = 'services/scheduler/src/scheduler-logic.ts';
const commands = 'services/scheduler/src/command.handler.ts';
const effects = 'services/scheduler/src/effects.ts';
const tracker = 'services/timeout-tracker/src';
const cancellation = 'services/cancellation/src';
const gateway = 'services/completion-gateway/src';

/** Planted bugs in the machine, the store and the services, which the simulation must find. Files are below the root. */
export const simulationMutants: readonly Mutant[] = [
  {
    name: 'state is committed before its effects are sent',
    file: machine,
    text: `      this.#sendEffects();
      this.#emit({ kind: 'settle' });`,
    replacement: `this.#emit({ kind: 'settle' });`,
  },
  {
    name: 'a commit that failed is taken for done',
    file: machine,
    text: `    const kind = failureKind(error);`,
    replacement: `    if (failureKind(error) === 'retryable') { this.#written({ kind: 'written', ends: new Map() }); return; }
    const kind = failureKind(error);`,
  },
  {
    name: 'after a commit that failed nothing is given up',
    file: machine,
    text: `else this.#giveUp(error, kind === 'fenced');`,
    replacement: `else return;`,
  },
  {
    name: 'a partition goes on behind what was committed',
    file: machine,
    text: `?? (isOfGroup ? range.start : 0);`,
    replacement: `?? range.end;`,
  },
  {
    name: 'records that were taken already are taken again',
    file: sources,
    text: `    if (nextOffset <= expected) return { kind: 'stale' };`,
    replacement: ``,
  },
  {
    name: 'a batch that overlaps is handled whole',
    file: sources,
    text: `records: records.filter(({ offset }) => offset >= expected) };`,
    replacement: `records };`,
  },
  {
    name: 'the last group is written instead of the first',
    file: commits,
    text: `    return this.#groups[0];`,
    replacement: `    return this.#groups.at(-1);`,
  },
  {
    name: 'a group that is written stays',
    file: commits,
    text: `    const group = this.#groups.shift();`,
    replacement: `    const group = this.#groups[0];`,
  },
  {
    name: 'the progress is one record behind',
    file: records,
    text: `    this.#positions.set(record.topic, record.offset + 1);`,
    replacement: `    this.#positions.set(record.topic, record.offset);`,
  },
  {
    name: 'only the first key that a record has changed is committed',
    file: records,
    text: `    for (const key of changedKeys) this.#group.changed`,
    replacement: `    for (const key of changedKeys.slice(0, 1)) this.#group.changed`,
  },
  {
    name: 'dead letters are not sent',
    file: records,
    text: `    this.#emit(deadLetter(record, error.message, deadLetterTopic?.(topic)));`,
    replacement: `    deadLetterTopic?.(topic);`,
  },
  {
    name: 'what is committed and not written yet is not seen',
    file: rows,
    text: `return this.#unwritten.get(table, key) ?? this.#writing?.get(table, key)`,
    replacement: `return this.#writing?.get(table, key)`,
  },
  {
    name: 'what is sealed is not seen',
    file: rows,
    text: `      if (found !== undefined) return found;`,
    replacement: ``,
  },
  {
    name: 'a store says that it is ahead of what it has',
    file: rows,
    text: `    this.#unwritten.position = { ...layer.position, offsets };`,
    replacement: `    this.#unwritten.position = { ...layer.position, offsets: { ...offsets, executions: offsets.executions + 4 } };`,
  },
  {
    name: 'a heartbeat is not written',
    file: state,
    text: `    if (hasHeartbeat) keys.push(`,
    replacement: `    if (hasHeartbeat && former === undefined) keys.push(`,
  },
  {
    name: 'a store does not remove rows',
    file: disk,
    text: `    this.#of(table).delete.run(key);`,
    replacement: ``,
  },
  {
    name: 'rules are not restored',
    file: scheduler,
    text: `    this.#state.restoreRules(rules);`,
    replacement: ``,
  },
  {
    name: "the log's clock is not restored",
    file: scheduler,
    text: `Object.assign(this.#position, { now, offset: commands - 1 }`,
    replacement: `Object.assign(this.#position, { offset: commands - 1 }`,
  },
  {
    name: 'what was forwarded last is not restored',
    file: scheduler,
    text: `forwarded === undefined ? {} : { forwarded });`,
    replacement: `{});`,
  },
  {
    name: 'a restore goes on too late',
    file: scheduler,
    text: `[topics.executions, offsets.executions - 1],`,
    replacement: `[topics.executions, offsets.executions + 2],`,
  },
  {
    name: 'a restore of what is closed goes on too late',
    file: scheduler,
    text: `[topics.outcomes, offsets.outcomes],`,
    replacement: `[topics.outcomes, offsets.outcomes + 2],`,
  },
  {
    name: 'a restore forgets where the questions go on',
    file: scheduler,
    text: `      [topics.commands, commands],`,
    replacement: `      [topics.commands, commands + 1],`,
  },
  {
    name: 'refusals are not answered',
    file: commands,
    text: `return { effects: this.#answer(command, offset, { type: 'Refused', refusal }), changedKeys: [] };`,
    replacement: `return { effects: refusal.reason === 'not-found' ? [] : this.#answer(command, offset, { type: 'Refused', refusal }), changedKeys: [] };`,
  },
  {
    name: 'a command that was refused leaves no clock',
    file: commands,
    text: `    position.now = now;`,
    replacement: `    if (decision?.kind !== 'refused') position.now = now;`,
  },
  {
    name: 'a retry has the token of the first attempt',
    file: effects,
    text: `taskToken: this.#tools.signer.sign({ id, scheduleOffset, attempt, stamp }),`,
    replacement: `taskToken: this.#tools.signer.sign({ id, scheduleOffset, attempt: 1, stamp }),`,
  },
  {
    name: 'heartbeat details do not reach the next attempt',
    file: effects,
    text: `heartbeatDetails: activity.heartbeat?.details ?? [],`,
    replacement: `heartbeatDetails: [],`,
  },
  {
    name: 'a new owner proposes no timers',
    file: `${tracker}/timeout-tracker-logic.ts`,
    text: `    this.#proposer.start();`,
    replacement: ``,
  },
  {
    name: 'the deadlines of an attempt are those of the one before',
    file: `${tracker}/executions.handler.ts`,
    text: `    else book.set(watch);`,
    replacement: `    else if (watch.deadlines.length > 1) book.set(watch);`,
  },
  {
    name: 'of a page only the first is forwarded',
    file: `${cancellation}/cancellation-logic.ts`,
    text: `(index) => this.#forwardedFrom(record, index))`,
    replacement: `() => this.#forwardedFrom(record, 0))`,
  },
  {
    name: 'a cascaded cancel means nobody',
    file: `${cancellation}/forwarded-commands.ts`,
    text: `openBefore: decidedOffset,`,
    replacement: `openBefore: 0,`,
  },
  {
    name: 'an event is done before it is answered',
    file: `${gateway}/events/completion-handler.ts`,
    text: `        return attempts.complete(caller, name, body.result, options);`,
    replacement: `        return;`,
  },
];
