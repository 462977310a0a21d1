import { isClosed } from './activity.ts';
import fc from 'fast-check';
import { dump } from './history.fixture.ts';
import {
  acknowledgeSignals,
  closeRun,
  expireBefore,
  inRun,
  openRun,
  requestCancelRun,
  signalRun,
  Stage,
  workflowRun,
} from './stage.fixture.ts';
import type { Command } from './command.ts';

// Many activities of many runs of one workflow id: what a run knows of them at every point of the log.

const move = fc.record({
  kind: fc.constantFrom(
    'open',
    'schedule',
    'schedule',
    'schedule',
    'finish',
    'cancel',
    'cascade',
    'close',
    'close with run',
    'signal',
    'acknowledge',
    'wait',
    'expire',
  ),
  pick: fc.nat({ max: 5 }),
});

class Runs {
  readonly stage = new Stage();
  #count = 0;
  run = workflowRun;
  closedOffset = -1;

  play(moves: readonly { readonly kind: string; readonly pick: number }[]): void {
    for (const { kind, pick } of moves) {
      const command = this.#commandFor(kind, pick);
      if (command !== undefined) this.#check(command);
    }
  }

  #check(command: Command): void {
    const { stage } = this;
    const decision = stage.send(command);
    if (decision.kind === 'accepted' && command.type === 'CloseRun') this.closedOffset = stage.offset - 1;
    if (decision.kind === 'accepted' && command.type === 'OpenRun') this.run = command.run;
    const once = dump(stage.state);
    stage.send(command);
    if (command.type !== 'ExpireBefore') expect(dump(stage.state)).toEqual(once);
    const open = [...stage.state.activities()]
      .map(([, activity]) => activity)
      .filter((activity) => !isClosed(activity) && activity.id.runId === this.run.runId)
      .toSorted((one, other) => one.scheduleOffset - other.scheduleOffset);
    expect([...stage.state.openActivityIds(this.run)]).toEqual(open.map(({ id }) => id.activityId));
    if (stage.state.run(this.run)?.status === 'closed') {
      expect(open.every(({ scheduleOffset }) => scheduleOffset < this.closedOffset)).toBe(true);
    }
  }

  #commandFor(kind: string, pick: number): Command | undefined {
    const { stage, run } = this;
    const target = { ...inRun, ...run, activityId: `activity-${String(pick)}` };
    this.#count++;
    const requestId = `request-${String(this.#count)}`;
    switch (kind) {
      case 'open':
        return openRun({ run: { ...run, runId: `wf-${String(this.#count)}` }, requestId });
      case 'schedule':
        return stage.schedule({ target, requestId, shielded: pick === 0 });
      case 'finish':
        return stage.complete({ target, attempt: { by: 'id' }, requestId });
      case 'cancel':
        return requestCancelRun({ run, requestId });
      case 'cascade':
        return stage.requestCancel({ target, requestId, cascaded: true });
      case 'close':
        return pick === 0 ? closeRun({ run, requestId }) : undefined;
      case 'close with run':
        return { type: 'CloseWithRun', target, requestId, identity: '', closedOffset: this.closedOffset };
      case 'signal':
        return signalRun(requestId, { run });
      case 'acknowledge':
        return acknowledgeSignals(Math.max(0, stage.offset - pick), { run });
      case 'wait':
        stage.at(stage.now + pick * 1500);
        return undefined;
      default:
        return expireBefore(stage.now, 1 + pick);
    }
  }
}

test('a run knows its open activities, takes none after its close, and no command counts twice', () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 20, maxLength: 80 }), (moves) => {
      const runs = new Runs();
      runs.play([{ kind: 'open', pick: 0 }, ...moves]);
    }),
    { numRuns: 200 },
  );
});
