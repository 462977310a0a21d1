/**
 * Calls back once, on the first of: SIGTERM, SIGINT, the end of the process that started this one.
 *
 * The last is seen by the channel that `fork` opens: the kernel closes it even when the parent was killed with
 * kill -9, so that no service is left behind. A second signal ends the process at once.
 */
export function whenAskedToStop(callback: (reason: string) => void): void {
  let asked = false;
  const ask = (reason: string): void => {
    if (asked) process.exit(1);
    asked = true;
    callback(reason);
  };
  process.on('SIGTERM', ask);
  process.on('SIGINT', ask);
  if (process.connected) {
    process.once('disconnect', () => {
      if (!asked) ask('the process that started it has ended');
    });
  }
}
