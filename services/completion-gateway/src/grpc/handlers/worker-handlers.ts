import { FrontDoorError, type TaskPolls } from '../../front-door/index.ts';
import { callerOf, type CallContext, type Handlers } from '../handler.ts';
import { fromTask } from '../wire/polled-task.ts';

type WorkerMethod = 'pollActivityTaskQueue' | 'shutdownWorker' | 'recordWorkerHeartbeat';

const timeoutMsMin = 2_000;

/** Workers that come and go, and ask for tasks. */
export const workerHandlers = (tasks: TaskPolls): Handlers<WorkerMethod> => ({
  pollActivityTaskQueue: async (request, call) => {
    checkPatience(call);
    const sdk = call.client();
    const perSecond = request.taskQueueMetadata?.maxTasksPerSecond?.value;
    const poll = {
      taskQueue: request.taskQueue?.name ?? '',
      workerInstanceKey: request.workerInstanceKey ?? '',
      ...(sdk === undefined ? {} : { sdk }),
      ...(typeof perSecond === 'number' ? { tasksPerSecondMax: perSecond } : {}),
    };
    const granted = await tasks.poll(callerOf(request, call), poll, call.patience());
    return granted === undefined ? {} : fromTask(granted);
  },

  shutdownWorker: (request, call) => {
    tasks.shutdownWorker(callerOf(request, call), request.workerInstanceKey ?? '');
    return {};
  },

  // Taken and not kept: nothing shows workers yet, and the capability says so.
  recordWorkerHeartbeat: (request, call) => {
    tasks.admitWorker(callerOf(request, call));
    return {};
  },
});

/** Semantics section 2.7. */
function checkPatience({ timeoutMs }: CallContext): void {
  if (timeoutMs === undefined) throw new FrontDoorError('INVALID_ARGUMENT', 'Context timeout is not set.');
  if (timeoutMs < timeoutMsMin) throw new FrontDoorError('FAILED_PRECONDITION', 'Context timeout is too short.');
}
