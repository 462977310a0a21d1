import { runUntilAskedToStop, unlessAborted } from './asked-to-stop.ts';

// Started by a test, which asks it to stop.
const forever = setInterval(() => undefined, 60_000);
await runUntilAskedToStop(async (asked) => {
  process.send?.('started');
  try {
    return await unlessAborted(asked, new Promise<number>(() => undefined));
  } finally {
    await new Promise((resolve) => process.send?.('stopped', resolve));
    clearInterval(forever);
  }
});
