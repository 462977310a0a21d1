import { checkLength, checkNamespaceName, checkTaskQueue } from '@ratchet/domain';
import type { Log } from '@ratchet/kafka';
import {
  connectionShape,
  descriptionOf,
  durationMs,
  durationShape,
  identityDefault,
  loadDataConverter,
  optionProblem,
  type ConnectionDescription,
  type DataConverter,
  type Duration,
  type LoadedDataConverter,
} from '@ratchet/protocol';
import { z } from 'zod';
import { stderrLog, userLog } from './activity-log.ts';
import type { RunnableActivity } from './worker-tools.ts';

export interface WorkerOptions extends ConnectionDescription {
  /** Default: `default`. */
  readonly namespace?: string;
  readonly taskQueue: string;
  /**
   * Functions by the name of their activity type, as in `import * as activities`, or an instance of a class (a provider of
   * Nest), whose methods they are; members that are no functions are left out.
   */
  readonly activities: object;
  /** How many run at once; 100 by default. */
  readonly maxConcurrentActivities?: number;
  /** How long running activities may go on after `shutdown` before they are cancelled; 0 by default. */
  readonly shutdownGraceTime?: Duration;
  /** How long after `shutdown` the worker waits for them at all; default: as long as it takes. */
  readonly shutdownForceTime?: Duration;
  /** Shown to people. Default: `<pid>@<host>`. */
  readonly identity?: string;
  /** Must agree with the clients'. */
  readonly dataConverter?: DataConverter;
  /** Default: lines on stderr. */
  readonly log?: Log;
}

/** Options with every default filled in. */
export interface LoadedWorkerOptions {
  readonly description: ConnectionDescription;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: ReadonlyMap<string, RunnableActivity>;
  readonly slotsMax: number;
  readonly graceMs: number;
  readonly forceMs: number | undefined;
  readonly identity: string;
  readonly converter: LoadedDataConverter;
  readonly log: Log;
}

/** What a worker was asked to be cannot be. */
export class InvalidWorkerOptionsError extends Error {
  override readonly name = 'InvalidWorkerOptionsError';
  /** Empty when the message names it. */
  readonly field: string;

  constructor(message: string, field: string) {
    super(message);
    this.field = field;
  }
}

/** `WorkerOptions`: types alone. */
const workerShape = connectionShape.extend({
  taskQueue: z.string(),
  activities: z.custom((given) => typeof given === 'object' && given !== null, {
    error: 'an object of functions by the names of their activity types',
  }),
  maxConcurrentActivities: z
    .custom<number>((given) => Number.isSafeInteger(given) && Number(given) >= 1, { error: 'a whole number from 1 up' })
    .optional(),
  shutdownGraceTime: durationShape.optional(),
  shutdownForceTime: durationShape.optional(),
});

/** @throws InvalidWorkerOptionsError that names the field. */
export function loadWorkerOptions(options: WorkerOptions): LoadedWorkerOptions {
  checkShape(options);
  const { namespace = 'default', taskQueue, prefix = '', maxConcurrentActivities: slotsMax = 100 } = options;
  const { identity = identityDefault(), log = stderrLog, shutdownForceTime } = options;
  const refusal =
    checkNamespaceName(namespace) ??
    checkTaskQueue(namespace, taskQueue, undefined, prefix.length) ??
    checkLength('identity', identity);
  if (refusal !== undefined) throw new InvalidWorkerOptionsError(refusal.message, '');
  return {
    description: descriptionOf(options),
    namespace,
    taskQueue,
    activities: functionsOf(options.activities),
    slotsMax,
    graceMs: durationMs(options.shutdownGraceTime ?? 0) ?? 0,
    forceMs: shutdownForceTime === undefined ? undefined : durationMs(shutdownForceTime),
    identity,
    converter: loadDataConverter(options.dataConverter),
    log: userLog(log),
  };
}

function checkShape(options: WorkerOptions): void {
  const problem = optionProblem(workerShape, options);
  if (problem !== undefined) throw new InvalidWorkerOptionsError(problem.message, problem.field);
}

/** Own functions, and of an instance the methods of its class and of those that the class extends. */
function functionsOf(activities: object): ReadonlyMap<string, RunnableActivity> {
  const functions = new Map<string, RunnableActivity>();
  for (const name of namesOf(activities)) {
    const activity = (activities as Readonly<Record<string, unknown>>)[name];
    if (typeof activity === 'function') functions.set(name, activity.bind(activities) as RunnableActivity);
  }
  if (functions.size > 0) return functions;
  throw new InvalidWorkerOptionsError('Expected to get activities, but there is no function among them', 'activities');
}

/** Getters of a class are left alone: what they do when they are read is not known. */
function namesOf(activities: object): ReadonlySet<string> {
  const names = new Set(Object.keys(activities));
  let prototype = Object.getPrototypeOf(activities) as object | null;
  while (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== 'constructor' && typeof value === 'function') names.add(name);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return names;
}
