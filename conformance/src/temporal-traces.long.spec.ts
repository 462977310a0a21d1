import { setTimeout as pause } from 'node:timers/promises';
import { everyTrace } from './every-trace.ts';
import { serverUnderTest, type ServerUnderTest } from './temporal/server-under-test.ts';
import { temporalDriver, type TemporalDriver } from './temporal/temporal-driver.ts';
import type { Sighting } from './trace.ts';

let server: ServerUnderTest;
let driver: TemporalDriver;
const played = new Map<string, Promise<Sighting>>();

/** Each trace has a queue of its own, and the topics of a namespace are made one after the other. */
const betweenStartsMs = 120;

// Beside each other: time is real, and most of it is waiting.
beforeAll(async () => {
  server = await serverUnderTest();
  driver = await temporalDriver(server.address);
  for (const [index, trace] of everyTrace.entries()) {
    const sighting = pause(index * betweenStartsMs).then(() => driver.play(trace));
    // Whoever asks for it hears of what went wrong.
    sighting.catch(() => undefined);
    played.set(trace.promise, sighting);
  }
  await Promise.allSettled(played.values());
}, 300_000);

afterAll(async () => {
  driver.close();
  await server.stop();
});

test.each(everyTrace)('$promise', async ({ promise, sees }) => {
  expect(await played.get(promise)).toMatchObject(sees);
});
