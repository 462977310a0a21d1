import { setTimeout as pause } from 'node:timers/promises';
import { ActivityClient } from '@ratchet/client';
import { Random } from '@ratchet/testing';
import { Journal } from '../journal.ts';
import { outsideResult, untilCertain, type Door } from './door.ts';
import { CompletionEvents } from './completion-events.ts';
import { Gateways } from './gateways.ts';
import { GrpcGateways, grpcDoor } from './grpc-door.ts';
import { httpDoor } from './http-door.ts';
import { kafkaDoor } from './kafka-door.ts';
import { kinds, sharesOf, type Kind, type KindName, type Meddling } from './kinds.ts';
import { patiently } from './patiently.ts';
import { readSettings } from './process-settings.ts';
import { driveRun } from './run.ts';

/**
 * A client process: starts activities at a steady rate, through every door in turns, whether those before have ended or
 * not; meddles with some; waits for each at the door that it came by, and asks at another one, too.
 *
 * On the message `finish` it starts nothing more, and ends when all have ended; on `give-up` at once.
 */

/** So many are under way at most: what a long fault would pile up without end. */
const underWayMax = 5_000;

const { who, journals, folder, brokers, registryUrl, perSecond, seed, idPrefix, load = 'mixed' } = readSettings();
const journal = new Journal(journals, who);
const random = new Random(seed);
const client = await patiently(() => ActivityClient.connect({ brokers, registry: registryUrl, identity: who }));
const events = await CompletionEvents.open({ brokers, registryUrl });
const gateways = new Gateways(folder);
const grpcGateways = new GrpcGateways(gateways);
const kafka = kafkaDoor(client);
const throughGateway = [httpDoor(gateways), grpcDoor(grpcGateways)];

const finishing = new AbortController();
const givenUp = new AbortController();
process.on('message', (message) => {
  finishing.abort();
  if (message === 'give-up') givenUp.abort();
});
process.once('disconnect', () => process.exit(1));

const shares = sharesOf(load);

interface Case {
  readonly id: string;
  readonly kindName: KindName;
  readonly door: Door;
  readonly observer: Door;
}

let startedCount = 0;

const noteFailed =
  ({ name: door }: Door, id: string) =>
  (why: string): void => {
    journal.write({ id, note: 'failed-call', door, why });
  };

async function drive({ id, kindName, door, observer }: Case): Promise<void> {
  const kind: Kind = kinds[kindName];
  const { startDelayMs = 0 } = kind.order;
  journal.write({ id, note: 'asked', kind: kindName, door: door.name, startDelayMs });
  const requestId = `start-${id}`;
  const start = await untilCertain(() => door.start(id, requestId, kind.order), givenUp.signal, noteFailed(door, id));
  if (start.answer === 'unknown') return;
  if (start.answer === 'refused') {
    journal.write({ id, note: 'not-started', door: door.name, why: start.why });
    return;
  }
  journal.write({ id, note: 'accepted', door: door.name, runId: start.value });
  const target = { id, runId: start.value };
  await Promise.all([
    observe(door, target).then(() => observe(observer, target)),
    kind.meddling === undefined ? undefined : meddle(kind.meddling, observer, target),
  ]);
}

async function observe(door: Door, { id, runId }: { readonly id: string; readonly runId: string }): Promise<void> {
  const told = await untilCertain(() => door.outcome(id, runId), givenUp.signal, noteFailed(door, id));
  if (told.answer === 'unknown') return;
  const outcome = told.answer === 'acknowledged' ? told.value : `not-found: ${told.why}`;
  journal.write({ id, note: 'told', door: door.name, outcome });
}

async function meddle(
  request: Meddling,
  door: Door,
  target: { readonly id: string; readonly runId: string },
): Promise<void> {
  await pause(random.between(100, 1_500));
  const { id } = target;
  if (request === 'event') {
    // What becomes of it nobody is told.
    await untilCertain(() => events.complete(id), givenUp.signal);
    return;
  }
  const answered = await untilCertain(() => door.request(request, target, `${request}-${id}`), givenUp.signal);
  if (answered.answer === 'unknown') return;
  const said = { id, note: 'requested', door: door.name, request, value: JSON.stringify(outsideResult) } as const;
  if (answered.answer === 'acknowledged') journal.write({ ...said, answer: 'acknowledged' });
  else journal.write({ ...said, answer: 'refused', why: answered.why });
}

function nextCase(): Promise<void> {
  const kindName = random.pickByShare(shares);
  const id = `${idPrefix}-${who}-${kindName}-${String(startedCount++)}`;
  if (kindName === 'run') return driveRun({ id, client, journal, random, signal: givenUp.signal });
  const gateway = random.pick(throughGateway);
  const [door, observer] = random.oneIn(2) ? [kafka, gateway] : [gateway, kafka];
  return drive({ id, kindName, door, observer });
}

const underWay = new Set<Promise<void>>();

function begin(): void {
  if (underWay.size >= underWayMax) return;
  const driven = nextCase().finally(() => underWay.delete(driven));
  underWay.add(driven);
}

const begunAt = performance.now();
for (let due = 1; !finishing.signal.aborted; due++) {
  begin();
  await pause(Math.max(0, begunAt + (due * 1000) / perSecond - performance.now()));
}
while (underWay.size > 0 && !givenUp.signal.aborted) {
  await Promise.race([Promise.all(underWay), pause(250)]);
}
journal.close();
process.exit(0);
