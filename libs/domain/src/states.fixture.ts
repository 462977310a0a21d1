import type { Activity } from './activity.ts';
import { applicationFailure, closeRun, inRun, options, Stage } from './stage.fixture.ts';

/** Every state a command may meet: those of the activity, and of a scheduled one why it waits. */
export type StateName = 'absent' | 'delayed' | 'backing off' | Activity['status'];

const settled = { nonRetryable: true };

/** The shortest way to each. All at instant 0, unless the state needs time. */
const states: Readonly<Record<StateName, (stage: Stage) => Stage>> = {
  absent: (stage) => stage,
  delayed: (stage) => stage.accept(stage.schedule({ options: { ...options, startDelayMs: 50 } })),
  scheduled: (stage) => stage.accept(stage.schedule()),
  'backing off': (stage) => states.started(stage).accept(stage.fail()),
  started: (stage) => states.scheduled(stage).accept(stage.claim()),
  'cancel-requested': (stage) => states.started(stage).accept(stage.requestCancel()),
  'pause-requested': (stage) => states.started(stage).accept(stage.pause()),
  'reset-requested': (stage) => states.started(stage).accept(stage.reset()),
  paused: (stage) => states.scheduled(stage).accept(stage.pause()),
  completed: (stage) => states.started(stage).accept(stage.complete()),
  failed: (stage) => states.started(stage).accept(stage.fail(applicationFailure('final', settled))),
  canceled: (stage) => states.scheduled(stage).accept(stage.requestCancel()),
  terminated: (stage) => states.scheduled(stage).accept(stage.terminate()),
  'timed-out': (stage) => states.scheduled(stage).at(30).accept(stage.timeOut('schedule-to-start')),
};

export const stateNames = Object.keys(states) as readonly StateName[];

/** A standalone activity in a state. */
export const standaloneIn = (state: StateName): Stage => states[state](new Stage());

/** An activity of a workflow run in a state. */
export const inRunIn = (state: StateName): Stage => states[state](new Stage(inRun));

/** The same after its run was closed. */
export const inClosedRunIn = (state: StateName): Stage => inRunIn(state).accept(closeRun());
