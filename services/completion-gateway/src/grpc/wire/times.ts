import { durationMsMax } from '@ratchet/domain';
import type { google } from '@temporalio/proto';
import Long from 'long';
import { FrontDoorError } from '../../front-door/index.ts';

type Wire = google.protobuf.IDuration | null | undefined;

/**
 * A duration from the wire in whole milliseconds, a part of one counting as one: nothing short becomes nothing at all.
 * What is longer than the longest duration is that one (semantics section 1.1).
 *
 * @param what begins the message, as in `invalid StartDelay`.
 * @returns nothing for what is not set.
 * @throws FrontDoorError INVALID_ARGUMENT when seconds and nanoseconds are of opposite sign.
 */
export function toMs(what: string, duration: Wire): number | undefined {
  if (duration === null || duration === undefined) return undefined;
  const seconds = Long.fromValue(duration.seconds ?? 0).toNumber();
  const nanos = duration.nanos ?? 0;
  if (seconds * nanos < 0 || Math.abs(nanos) >= 1e9) {
    const got = `${String(seconds)} s and ${String(nanos)} ns`;
    throw new FrontDoorError('INVALID_ARGUMENT', `${what}: seconds and nanos do not make one duration, got ${got}`);
  }
  const ms = seconds * 1000 + nanos / 1e6;
  return ms > 0 ? Math.min(Math.ceil(ms), durationMsMax) : Math.max(Math.floor(ms), 0 - durationMsMax);
}

/** A length of time, or an instant since the epoch, in milliseconds, for the wire. */
export const fromMs = (ms: number): { readonly seconds: Long; readonly nanos: number } => {
  const seconds = Math.floor(ms / 1000);
  return { seconds: Long.fromNumber(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
};

type WireLong = NonNullable<google.protobuf.IDuration['seconds']>;

/** A count for the wire. */
export function fromCount(count: number): WireLong {
  // Two declarations of one class: of a module here, of CommonJS there.
  const long: unknown = Long.fromNumber(count);
  return long as WireLong;
}

/** As `fromMs`, where nothing stays nothing. */
export const fromMsIfAny = (ms: number | undefined): ReturnType<typeof fromMs> | undefined =>
  ms === undefined ? undefined : fromMs(ms);
