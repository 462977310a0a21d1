import { epochMillis, type Answer, type Refusal } from '@ratchet/domain';
import { noTracing } from '@ratchet/kafka';
import {
  DeadlineClock,
  loadDataConverter,
  type CommandDraft,
  type CommandReply,
  type DataConverter,
} from '@ratchet/protocol';
import { localCodec } from '@ratchet/schemas';
import { AttemptRun } from './attempt-run.ts';
import { limits, taskOf } from './task.fixture.ts';
import type { RunnableActivity } from './worker-tools.ts';

export interface AttemptOptions {
  /** 0 is none. */
  readonly startToCloseMs?: number;
  /** 0 is none. */
  readonly heartbeatMs?: number;
  readonly dataConverter?: DataConverter;
}

const codec = localCodec();

/** What the log answers; `silence`: nothing, as in a partition. */
export type LogSays = Answer | Refusal | 'silence';

/** What a heartbeat is answered when nothing is asked of the attempt. */
export const goOn = {
  type: 'HeartbeatRecorded',
  cancelRequested: false,
  paused: false,
  reset: false,
} as const satisfies Answer;

/** One granted attempt that runs an activity without a broker: its commands are kept, and answered by a function. */
export class AttemptStage {
  readonly sent: CommandDraft[] = [];
  readonly logged: string[] = [];
  readonly run: AttemptRun;
  /** What the log says to a command. */
  answer: (command: CommandDraft) => LogSays = ({ type }) =>
    type === 'RecordHeartbeat' ? goOn : { type: 'Acknowledged' };
  /** How long it takes. */
  answerDelayMs = 0;
  /** Settles when the function itself does, which may be after the attempt. */
  returned: Promise<unknown> | undefined;
  readonly #clock = new DeadlineClock();

  constructor(
    activity: RunnableActivity,
    { startToCloseMs = 60_000, heartbeatMs = 0, dataConverter }: AttemptOptions = {},
  ) {
    const task = taskOf(limits(startToCloseMs, heartbeatMs));
    const token = { id: task.id, scheduleOffset: 7, attempt: 1, stamp: 1 };
    this.run = new AttemptRun(
      { task, token, startedAt: epochMillis(1), trace: undefined },
      {
        channel: { request: (command) => this.#request(command) },
        tracing: noTracing,
        converter: loadDataConverter(dataConverter),
        identity: 'worker',
        clock: this.#clock,
        log: (level, message) => {
          this.logged.push(`${level}: ${message}`);
        },
        logOfActivities: (level, message) => {
          this.logged.push(`${level}: ${message}`);
        },
        activities: new Map([[task.activityType, activity]]),
      },
    );
  }

  /** Runs it to the end and the report's answer. @returns the report; `undefined` when nothing was reported. */
  async report(): Promise<CommandDraft | undefined> {
    try {
      const { reported, returned } = await this.run.run();
      this.returned = returned;
      await reported;
      return this.sent.findLast(({ type }) => type !== 'RecordHeartbeat');
    } finally {
      this.#clock.close();
    }
  }

  #request(command: CommandDraft): Promise<CommandReply> {
    // What cannot be written is not sent.
    codec.encodeCommand({ ...command, replyTo: { partition: 0, address: 'here' } });
    this.sent.push(command);
    const says = this.answer(command);
    if (says === 'silence') return new Promise(() => undefined);
    const body =
      'message' in says ? ({ type: 'Refused', refusal: says } as const) : ({ type: 'Accepted', answer: says } as const);
    const reply = { address: 'here', requestId: command.requestId, offset: 9, body };
    if (this.answerDelayMs === 0) return Promise.resolve(reply);
    return new Promise((resolve) => setTimeout(resolve, this.answerDelayMs, reply));
  }
}
