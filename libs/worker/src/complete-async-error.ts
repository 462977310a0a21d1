/**
 * Thrown by an activity that will be completed from outside, by its task token or ids: it leaves the activity open, and the
 * worker forgets it. Its timeouts go on.
 */
export class CompleteAsyncError extends Error {
  override readonly name = 'CompleteAsyncError';

  constructor() {
    super('The activity will be completed from outside');
  }
}
