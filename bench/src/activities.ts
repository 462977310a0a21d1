import { Context } from '@ratchet/worker';
import { machineNow } from './machine-now.ts';

/** Does nothing, with an argument of a realistic size: what is measured is the way to it and back. */
export const noop = (value: string): Promise<string> => Promise.resolve(value);

/** Runs until it is told to stop, and says when it was. */
export const untilCancelled = (): Promise<number> => {
  const { cancellationSignal } = Context.current();
  return new Promise((resolve) => {
    cancellationSignal.addEventListener('abort', () => {
      resolve(machineNow());
    });
  });
};
