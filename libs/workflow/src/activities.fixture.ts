import { ApplicationFailure, Context } from '@ratchet/worker';
import { reasonsSeen } from './reasons-seen.fixture.ts';

/** What the workers of these tests can do. */

export const greet = (name: string): Promise<string> => Promise.resolve(`Hello, ${name}!`);

export const refuseCard = (): Promise<never> =>
  Promise.reject(ApplicationFailure.nonRetryable('card refused', 'CardRefused', { code: 7 }));

const beat = async (): Promise<never> => {
  const context = Context.current();
  for (;;) {
    context.heartbeat();
    await context.sleep(50);
  }
};

/** Runs until it is cancelled, and agrees. */
export const obey = beat;

/** Runs until it is cancelled, and completes all the same with what it was told. */
export async function finishAllTheSame(): Promise<string> {
  try {
    return await beat();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reasonsSeen.set(Context.current().info.activityId, reason);
    return `finished after ${reason}`;
  }
}
