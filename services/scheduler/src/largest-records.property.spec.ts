import {
  blobBytesMax,
  blobPartsMax,
  callbackUrlBytesMax,
  callbackUrlsMax,
  errorTypesBytesMax,
  headerBytesMax,
  idBytesMax,
  reasonBytesMax,
  type AttemptReference,
  type Command,
  type ExecutionId,
  type Failure,
  type Payloads,
} from '@ratchet/domain';
import { recordBytesMax, type Output } from '@ratchet/kafka';
import { attemptOf, decodeTaskToken } from '@ratchet/protocol';
import { topicSpecs } from '@ratchet/schemas';
import fc from 'fast-check';
import { charge, client, codec, repliesIn, schedule, Stage, tasksIn, worker } from './scheduler-logic.fixture.ts';

// What is accepted can be written down, sent, described and told of: each thing at its limit or small, in every combination.

/** Of a key, headers and the frame of a record. */
const aroundBytes = 64 * 1024;

const small: Payloads = [{ metadata: {}, data: Buffer.from('1') }];
const one: Payloads = [{ metadata: {}, data: Buffer.alloc(blobBytesMax) }];
const partBytes = Math.floor(blobBytesMax / blobPartsMax);
const parts: Payloads = Array.from({ length: blobPartsMax }, () => ({ metadata: {}, data: Buffer.alloc(partBytes) }));
const payloads = fc.constantFrom(small, one, parts);

const long = 'é'.repeat(idBytesMax / 2);
const ids = fc.constantFrom('1', long);
// JSON takes six bytes for each.
const reasons = fc.constantFrom('why', '\u0001'.repeat(reasonBytesMax));
const errorTypes = fc.constantFrom(
  [],
  Array.from({ length: 100 }, (_, index) => String(index).padEnd(Math.floor(errorTypesBytesMax / 100) - 1, 'x')),
);
const header = fc.constantFrom({}, { h: { metadata: {}, data: Buffer.alloc(headerBytesMax - 1) } });
const urls = fc.constantFrom(
  [],
  Array.from({ length: callbackUrlsMax }, (_, index) =>
    `https://example.com/${String(index)}`.padEnd(callbackUrlBytesMax, 'x'),
  ),
);
const failures = fc.tuple(payloads, fc.boolean()).map(([details, nonRetryable]): Failure => ({
  message: '',
  source: '',
  stackTrace: '',
  info: { type: 'application', errorType: '', nonRetryable, details },
}));

interface Large {
  readonly input: Payloads;
  readonly header: Extract<Command, { type: 'Schedule' }>['header'];
  readonly details: Payloads;
  readonly lastDetails: Payloads;
  readonly result: Payloads;
  readonly failure: Failure;
  readonly id: string;
  readonly reason: string;
  readonly errorTypes: readonly string[];
  readonly urls: readonly string[];
  readonly end: 'complete' | 'fail' | 'cancel' | 'report canceled' | 'terminate' | 'time out';
}
const large: fc.Arbitrary<Large> = fc.record({
  input: payloads,
  header,
  details: payloads,
  lastDetails: payloads,
  result: payloads,
  failure: failures,
  id: ids,
  reason: reasons,
  errorTypes,
  urls,
  end: fc.constantFrom('complete', 'fail', 'cancel', 'report canceled', 'terminate', 'time out'),
});

/** The life of one activity; whatever is written on the way fits. */
class Life {
  readonly #stage = new Stage();
  readonly #with: Large;
  readonly #target: ExecutionId;
  #attempt: AttemptReference = { by: 'id' };
  #now = 1_000;

  constructor(large: Large) {
    this.#with = large;
    this.#target = { ...charge, runId: large.id };
  }

  async live(): Promise<void> {
    const { input, header, details, lastDetails, id, reason, errorTypes: nonRetryableErrorTypes, urls } = this.#with;
    const options = {
      taskQueue: 'payments',
      startToCloseTimeoutMs: 10_000,
      scheduleToCloseTimeoutMs: 10_000_000,
      retryPolicy: { nonRetryableErrorTypes },
    };
    const target = this.#target;
    await this.#do(schedule({ target, input, header, options, callbackUrls: urls, identity: id, activityType: id }));
    await this.#claim();
    await this.#do({ type: 'RecordHeartbeat', ...this.#report(), details });
    const failure = { ...retryable, info: { ...retryable.info, details } } as const;
    await this.#do({ type: 'Fail', ...this.#report(), failure, lastHeartbeatDetails: lastDetails });
    this.#now += 100_000;
    await this.#do({ type: 'DispatchDue', target, timer: this.#timer(), requestId: '', identity: '' });
    await this.#claim();
    await this.#do({ type: 'Pause', target, reason, ...this.#sender('p') });
    await this.#do({ type: 'Unpause', target, ...this.#sender('u') });
    await this.#end();
  }

  async #end(): Promise<void> {
    const { end, result, failure, lastDetails, reason } = this.#with;
    const target = this.#target;
    const cancel: Command = { type: 'RequestCancel', target, reason, cascaded: false, ...this.#sender('c') };
    switch (end) {
      case 'complete':
        return this.#do({ type: 'Complete', ...this.#report(), result });
      case 'fail':
        await this.#do(cancel);
        return this.#do({ type: 'Fail', ...this.#report(), failure, lastHeartbeatDetails: lastDetails });
      case 'report canceled':
        await this.#do(cancel);
        return this.#do({ type: 'ReportCanceled', ...this.#report(), details: result });
      case 'cancel':
        await this.#do({ type: 'Fail', ...this.#report(), failure: retryable, lastHeartbeatDetails: lastDetails });
        return this.#do(cancel);
      case 'terminate':
        await this.#do(cancel);
        return this.#do({ type: 'Terminate', target, reason, ...this.#sender('t') });
      case 'time out':
        this.#now += 20_000_000;
        return this.#do({
          type: 'TimeOut',
          timeoutType: 'schedule-to-close',
          target,
          timer: this.#timer(),
          requestId: '',
          identity: '',
        });
    }
  }

  #sender(requestId: string) {
    return { requestId: requestId.padEnd(this.#with.id.length, 'x'), identity: this.#with.id, replyTo: client };
  }

  #report() {
    return { target: this.#target, attempt: this.#attempt, ...this.#sender('r'), replyTo: worker };
  }

  #timer() {
    if (this.#attempt.by === 'id') throw new Error('Expected an attempt, but no task was sent');
    const { scheduleOffset, attempt, stamp } = this.#attempt;
    return { scheduleOffset, attempt: attempt + this.#retries, stamp: stamp + this.#retries };
  }

  #retries = 0;

  async #claim(): Promise<void> {
    this.#retries = 0;
    await this.#do({ type: 'Claim', claimId: this.#with.id, ...this.#report() });
  }

  async #do(command: Command): Promise<void> {
    expectFits(codec.encodeCommand(command));
    const output = await this.#stage.command(command, (this.#now += 10));
    if (command.type === 'Fail') this.#retries = 1;
    const [task] = await tasksIn(output);
    if (task !== undefined) this.#attempt = attemptOf(decodeTaskToken(task.taskToken));
    await expectWritten(command.type, output);
    for (const value of this.#stage.seal().values()) expectFits(value);
    const { body } = await this.#described();
    expect(body.type === 'Refused' ? body.refusal : body.type).toBe('Described');
  }

  async #described() {
    const query = { type: 'Describe', target: this.#target, requestId: 'q', replyTo: client, seenOffset: -1 } as const;
    const output = await this.#stage.query(query, this.#now);
    await expectWritten('Describe', output);
    const [reply] = await repliesIn(output);
    if (reply === undefined) throw new Error('Expected an answer to Describe, but there is none');
    return reply;
  }
}

const retryable: Failure & { readonly info: { readonly type: 'application' } } = {
  message: '',
  source: '',
  stackTrace: '',
  info: { type: 'application', errorType: '', nonRetryable: false, details: [] },
};

function expectFits(value: Buffer | null): void {
  expect(value === null ? 0 : value.length).toBeLessThanOrEqual(recordBytesMax - aroundBytes);
}

async function expectWritten(what: string, output: Output): Promise<void> {
  for (const { value } of output.effects) expectFits(value);
  for (const { body } of await repliesIn(output)) {
    expect([what, body.type === 'Refused' ? body.refusal : 'accepted']).toEqual([what, 'accepted']);
  }
}

test('what is accepted can be dispatched, described and completed, whatever is at its limit', async () => {
  await fc.assert(
    fc.asyncProperty(large, (each) => new Life(each).live()),
    { numRuns: 12 },
  );
}, 120_000);

test('and all at once', async () => {
  for (const end of ['fail', 'cancel', 'time out'] as const) {
    await new Life({
      input: one,
      header: { h: { metadata: {}, data: Buffer.alloc(headerBytesMax - 1) } },
      details: parts,
      lastDetails: one,
      result: parts,
      failure: { ...retryable, info: { ...retryable.info, nonRetryable: true, details: parts } },
      id: long,
      reason: '\u0001'.repeat(reasonBytesMax),
      errorTypes: [],
      urls: [],
      end,
    }).live();
  }
}, 120_000);

test('every topic takes a record of that size', () => {
  for (const { name, config } of topicSpecs({ replication: 'development' })) {
    if (!name.endsWith('.dlq')) expect(Number(config['max.message.bytes'])).toBeGreaterThan(recordBytesMax);
  }
});
