import { ActivityExecutionFailedError } from '@temporalio/client';

/** What an activity failed of, as the SDK tells who waits for its result. */
export async function causeOf(result: Promise<unknown>): Promise<Error | undefined> {
  const error: unknown = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ActivityExecutionFailedError);
  return (error as ActivityExecutionFailedError).cause;
}
