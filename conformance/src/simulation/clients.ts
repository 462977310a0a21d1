import {
  executionKey,
  millis,
  partitionKey,
  type ActivityTask,
  type CompletionEvent,
  type ExecutionId,
  type Reply,
} from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import { attemptOf, decodeTaskToken } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { textOf, type Note } from '@ratchet/tools-drill/oracle';
import { kinds, optionsOf, payloadOf, runKinds, type Kind, type Meddling } from './kinds.ts';
import { Party, patience, type PartyParts } from './party.ts';

export interface ClientParts extends PartyParts {
  readonly note: (who: string, note: Note) => void;
}

/** An activity or a run that a client has begun, and must see through. */
interface Order {
  readonly drive: () => Promise<void>;
  /** What is left of it after a crash. */
  readonly goOn: () => Promise<void>;
  isDone: boolean;
}

type Schedule = Parameters<Party['channel']['requestStart']>[0];

/** So many ids are shared by all activities of a kind that shares them. */
const sharedIds = 2;

/** Starts activities and runs, meddles with them, and waits for their outcomes; after its death another goes on for it. */
export class Client {
  readonly party: Party;
  readonly #parts: ClientParts;
  readonly #orders: Order[] = [];
  readonly #told = new Set<string>();
  #count = 0;

  constructor(name: string, parts: ClientParts) {
    this.#parts = parts;
    this.party = new Party(name, parts);
  }

  get isDone(): boolean {
    return this.#orders.every(({ isDone }) => isDone);
  }

  /** How many of what it has begun have not ended. */
  get openCount(): number {
    return this.#orders.filter(({ isDone }) => !isDone).length;
  }

  crash(): void {
    this.party.crash();
  }

  restart(): void {
    this.party.restart();
    for (const order of this.#orders) if (!order.isDone) this.#go(order, order.goOn);
  }

  /** Another activity, of a kind that is drawn. */
  begin(): void {
    const name = this.#drawKind();
    const kind = kinds[name];
    if (kind === undefined) return;
    const number = this.#count++;
    const runId = `${this.party.process.name}-${String(number)}`;
    const activityId = kind.sharesIds === true ? `${name}-${String(number % sharedIds)}` : `${name}-${runId}`;
    const target = { namespace: 'default', workflowId: '', runId, activityId };
    const drive = (): Promise<void> => this.#drive(name, kind, target);
    // What is kept for seconds only would begin anew, should whoever comes back start it again.
    this.#add(drive, kind.retentionMs === undefined ? drive : () => this.#observe(target));
  }

  beginRun(): void {
    const number = this.#count++;
    const workflowId = `run-${this.party.process.name}-${String(number)}`;
    this.#add(() => this.#driveRun({ namespace: 'default', workflowId, runId: `${workflowId}-1` }));
  }

  #add(drive: () => Promise<void>, goOn = drive): void {
    const order: Order = { drive, goOn, isDone: false };
    this.#orders.push(order);
    this.#go(order, drive);
  }

  #go(order: Order, act: () => Promise<void>): void {
    const { process } = this.party;
    const { life } = process;
    this.#parts.world.later(process, 0, () => {
      void act().then(() => {
        if (process.life === life) order.isDone = true;
      });
    });
  }

  #drawKind(): string {
    const all = Object.entries(kinds);
    let left = this.#parts.world.roll(all.reduce((sum, [, { share }]) => sum + share, 0));
    return all.find(([, { share }]) => (left -= share) < 0)?.[0] ?? 'quick';
  }

  // --- one activity ---

  async #drive(name: string, kind: Kind, target: ExecutionId): Promise<void> {
    if (!(await this.#start(name, kind, target))) return;
    if (kind.meddling !== undefined) await this.#meddle(kind.meddling, kind, target);
    await this.#observe(target);
  }

  /** @returns whether it was accepted. */
  async #start(name: string, kind: Omit<Kind, 'share'>, target: ExecutionId): Promise<boolean> {
    const id = executionKey(target);
    const { party } = this;
    this.#note({ id, note: 'asked', kind: name, door: 'client', startDelayMs: kind.options.startDelayMs ?? 0 });
    const schedule = { ...scheduleOf(kind, target, party.process.name), awaitOutcome: target.workflowId === '' };
    const { channel } = party;
    // The outcome of what belongs to a run does not come unasked.
    const { body } = await party.certainly(() =>
      target.workflowId === '' ? channel.requestStart(schedule, patience) : channel.requestApart(schedule, patience),
    );
    if (body.type === 'Refused') {
      this.#note({ id, note: 'not-started', door: 'client', why: body.refusal.message });
      return false;
    }
    this.#note({ id, note: 'accepted', door: 'client', runId: target.runId });
    return true;
  }

  async #observe(target: ExecutionId): Promise<void> {
    const id = executionKey(target);
    if (this.#told.has(id)) return;
    const { body } = await this.party.certainly(() => this.party.channel.awaitOutcome(target));
    if (body.type === 'Refused') return;
    this.#told.add(id);
    this.#note({ id, note: 'told', door: 'client', outcome: textOf(body.status, body.outcome) });
  }

  async #meddle(what: Meddling, kind: Kind, target: ExecutionId): Promise<void> {
    const { party } = this;
    await party.sleep(this.#parts.world.between(50, 1_500));
    switch (what) {
      case 'cancel':
        await this.#ask(target, { type: 'RequestCancel', reason: 'on purpose', cascaded: false });
        return;
      case 'cancel-by-record':
        await this.#cancelByRecord(target);
        return;
      case 'terminate':
        this.#noteRequest(target, 'terminate', await this.#ask(target, { type: 'Terminate', reason: 'on purpose' }));
        return;
      case 'complete': {
        const report = { type: 'Complete', result: payloadOf('outside'), reportId: `${target.runId}-outside` } as const;
        const body = await this.#ask(target, { ...report, attempt: { by: 'id' } });
        this.#noteRequest(target, 'complete', body, JSON.stringify('outside'));
        return;
      }
      case 'event':
        await this.#completeByEvent(target);
        return;
      case 'operate':
        await this.#operate(target);
        return;
      case 'start-again':
        await this.#startAgain(kind, target);
    }
  }

  /** By the topic of the cancellation service; asked again until it is seen to have come. */
  async #cancelByRecord(target: ExecutionId): Promise<void> {
    const { codec, partitions } = this.#parts;
    const key = partitionKey(target);
    const requestId = `${target.runId}-cancel`;
    const record = { type: 'CancelActivity', target, requestId, identity: 'client', reason: 'on purpose' } as const;
    const value = codec.encodeCancellation(record);
    await this.party.outbox.send({ topic: topics.cancellations, key, partition: partitionFor(key, partitions), value });
  }

  async #completeByEvent(target: ExecutionId): Promise<void> {
    const { codec, partitions } = this.#parts;
    const event: CompletionEvent = {
      eventId: `${target.runId}-event`,
      source: '/simulation',
      target,
      body: { type: 'Completed', result: payloadOf('outside') },
    };
    const key = partitionKey(target);
    const value = codec.encodeCompletionEvent(event);
    await this.party.outbox.send({ topic: topics.completions, key, partition: partitionFor(key, partitions), value });
  }

  async #operate(target: ExecutionId): Promise<void> {
    const { world } = this.#parts;
    for (let count = world.between(1, 4); count > 0; count--) {
      await this.#operateOnce(target);
      await this.party.sleep(world.between(20, 800));
    }
    await this.#ask(target, { type: 'Unpause' });
  }

  #operateOnce(target: ExecutionId): Promise<Reply['body']> {
    const { world } = this.#parts;
    switch (world.roll(4)) {
      case 0:
        return this.#ask(target, { type: 'Pause', reason: '' });
      case 1:
        return this.#ask(target, { type: 'Unpause' });
      case 2: {
        const [keepPaused, resetHeartbeat, restoreOriginalOptions] = [0, 0, 0].map(() => world.roll(2) === 0);
        const how = {
          keepPaused: keepPaused === true,
          resetHeartbeat: resetHeartbeat === true,
          restoreOriginalOptions: restoreOriginalOptions === true,
        };
        return this.#ask(target, { type: 'Reset', ...how });
      }
      default: {
        const options = { startToCloseTimeoutMs: world.between(1_500, 3_000) };
        return this.#ask(target, { type: 'UpdateOptions', options, restoreOriginal: false });
      }
    }
  }

  /** The same request again, after whatever: the same run; another request: a refusal, or a run of its own. */
  async #startAgain(kind: Kind, target: ExecutionId): Promise<void> {
    const { party } = this;
    const again = { ...target, runId: `${target.runId}-again` };
    const { requestId } = scheduleOf(kind, target, party.process.name);
    const schedule = { ...scheduleOf(kind, again, party.process.name), requestId };
    const { body } = await party.certainly(() => party.channel.requestApart(schedule, patience));
    if (body.type !== 'Accepted' || body.answer.type !== 'Scheduled') return;
    if (body.answer.started || body.answer.runId !== target.runId)
      this.#note({ id: executionKey(again), note: 'accepted', door: 'repeated request', runId: body.answer.runId });
    // The other run has never begun: whoever asks something of it is refused, and told so.
    else await this.#ask(again, { type: 'Terminate', reason: 'of nothing' });
  }

  // --- runs ---

  async #driveRun(run: Omit<ExecutionId, 'activityId'>): Promise<void> {
    const { party } = this;
    const { world } = this.#parts;
    const opened = await this.#askRun(run, { type: 'OpenRun', retentionMs: millis(600_000) }, 'open');
    if (opened.type !== 'Accepted') return;
    const all = Object.entries(runKinds).map(([name, kind]) => ({ name, kind, target: { ...run, activityId: name } }));
    const started = await Promise.all(all.map(({ name, kind, target }) => this.#start(name, kind, target)));
    for (let count = world.roll(3); count > 0; count--)
      await this.#askRun(run, { type: 'SignalRun', name: 'hello', args: payloadOf(count) }, `signal-${String(count)}`);
    await party.sleep(world.between(100, 1_500));
    const ends = world.roll(3);
    if (ends < 2) await this.#askRun(run, { type: 'RequestCancelRun', reason: 'on purpose' }, 'cancel');
    if (ends > 0) await this.#askRun(run, { type: 'CloseRun', status: 'completed', reason: '' }, 'close');
    const accepted = all.filter((_, index) => started[index] === true);
    await Promise.all(accepted.map(({ target }) => this.#observe(target)));
    await this.#askRun(run, { type: 'CloseRun', status: 'completed', reason: '' }, 'close');
  }

  // --- requests ---

  /** Asks until it is answered; the request id is the same for the same thing asked of the same activity. */
  async #ask(target: ExecutionId, what: Partial<Draft> & { readonly type: string }): Promise<Reply['body']> {
    const { channel, process } = this.party;
    const requestId = `${target.runId}-${what.type}-${String(this.#count++)}`;
    const command = { ...what, target, requestId, identity: process.name } as Draft;
    return (await this.party.certainly(() => channel.requestApart(command, patience))).body;
  }

  async #askRun(
    run: Omit<ExecutionId, 'activityId'>,
    what: Partial<Draft> & { readonly type: string },
    requestId: string,
  ): Promise<Reply['body']> {
    const { channel, process } = this.party;
    const command = { ...what, run, requestId: `${run.runId}-${requestId}`, identity: process.name } as Draft;
    return (await this.party.certainly(() => channel.requestApart(command, patience))).body;
  }

  #noteRequest(target: ExecutionId, request: 'terminate' | 'complete', body: Reply['body'], value?: string): void {
    const answer = body.type === 'Accepted' ? 'acknowledged' : 'refused';
    const what = value === undefined ? {} : { value };
    this.#note({ id: executionKey(target), note: 'requested', door: 'client', request, answer, ...what });
  }

  #note(note: Note): void {
    this.#parts.note(this.party.process.name, note);
  }
}

type Draft = Parameters<Party['channel']['requestApart']>[0];

const scheduleOf = (kind: Omit<Kind, 'share'>, target: ExecutionId, identity: string): Schedule => ({
  type: 'Schedule',
  target,
  requestId: `${target.runId}-${target.activityId}-start`,
  identity,
  activityType: kind.activityType,
  options: optionsOf({ share: 0, ...kind }),
  input: payloadOf(1),
  header: {},
  idReusePolicy: kind.idReusePolicy ?? 'allow-duplicate',
  idConflictPolicy: 'fail',
  shielded: false,
  retentionMs: millis(kind.retentionMs ?? 600_000),
  awaitOutcome: true,
});

/** Completes from outside, by its token, what a worker has left open. */
export async function completeLater(party: Party, task: ActivityTask, note: (note: Note) => void): Promise<void> {
  await party.sleep(party.parts.world.between(50, 1_000));
  const token = decodeTaskToken(task.taskToken);
  const { attempt, stamp } = token;
  const requestId = `${executionKey(task.id)}-${String(attempt)}-${String(stamp)}-later`;
  const sender = { requestId, identity: 'outside', target: task.id, attempt: attemptOf(token), reportId: requestId };
  const report = { type: 'Complete', ...sender, result: payloadOf('later') } as const;
  const { body } = await party.certainly(() => party.channel.requestApart(report, patience));
  const answer = body.type === 'Accepted' ? 'acknowledged' : 'refused';
  const id = executionKey(task.id);
  note({ id, note: 'reported', attempt, stamp, report: 'complete', answer, value: JSON.stringify('later') });
}
