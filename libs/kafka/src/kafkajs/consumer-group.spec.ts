import { createRequire } from 'node:module';
import { steadyGroup } from './steady-group.ts';
import { honestGroup, membershipIn, type ConsumerGroupClass, type ProtocolErrorClass } from './consumer-group.ts';

const load = createRequire(import.meta.url);
const Own = load('kafkajs/src/consumer/consumerGroup.js') as ConsumerGroupClass;
const { KafkaJSProtocolError } = load('kafkajs/src/errors.js') as { KafkaJSProtocolError: ProtocolErrorClass };
const Honest = honestGroup(Own, KafkaJSProtocolError);

interface Stage {
  readonly group: InstanceType<ConsumerGroupClass>;
  readonly asked: object[];
  readonly told: { readonly askedAt?: number }[];
}

function stage(Class: ConsumerGroupClass, memberId: string | null): Stage {
  const asked: object[] = [];
  const told: { readonly askedAt?: number }[] = [];
  const group = new Class({
    logger: { namespace: () => undefined },
    groupId: 'g',
    instrumentationEmitter: { emit: (_event: string, payload: object) => told.push(payload) },
  });
  const coordinator = { heartbeat: (member: object) => Promise.resolve(asked.push(member)) };
  Object.assign(group, { memberId, generationId: 7, coordinator, lastRequest: -Infinity });
  return { group, asked, told };
}

test('without a member id kafkajs sends no heartbeat and says nothing; here it is no member, and its runner joins anew', async () => {
  const own = stage(Own, null);
  await own.group.heartbeat({ interval: 0 });
  expect(own.asked).toEqual([]);

  const honest = stage(Honest, null);
  await expect(honest.group.heartbeat({ interval: 0 })).rejects.toMatchObject({ type: 'UNKNOWN_MEMBER_ID' });
  expect(honest.told).toEqual([]);
});

test('a heartbeat tells when the coordinator was asked, once an interval, one at a time, whatever the wall clock says', async () => {
  const { group, asked, told } = stage(Honest, 'm');
  const before = performance.now();
  await Promise.all([group.heartbeat({ interval: 60_000 }), group.heartbeat({ interval: 60_000 })]);
  await group.heartbeat({ interval: 60_000 });
  expect(asked).toEqual([{ groupId: 'g', memberId: 'm', groupGenerationId: 7 }]);
  expect(told).toEqual([expect.objectContaining({ memberId: 'm', isAnswerToSync: false })]);
  expect(told[0]?.askedAt).toBeGreaterThanOrEqual(before);

  const wallClock = Date.now;
  Date.now = () => 0;
  try {
    await group.heartbeat({ interval: 0 });
  } finally {
    Date.now = wallClock;
  }
  expect(asked).toHaveLength(2);
});

describe('a member that is made anew', () => {
  interface Coordinated {
    readonly group: InstanceType<ConsumerGroupClass> & Record<symbol, () => Promise<void>>;
    readonly asked: string[];
  }

  /** A group whose coordinator gives each member an id of its own. */
  function coordinated(
    memberIds: Set<string>,
    newId: string,
    leaving = (): Promise<unknown> => Promise.resolve(),
  ): Coordinated {
    const { group } = stage(Honest, null);
    const asked: string[] = [];
    const coordinator = {
      leaveGroup: ({ memberId }: { readonly memberId: string }) => {
        asked.push(`leave ${memberId}`);
        return leaving();
      },
      joinGroup: ({ memberId }: { readonly memberId: string }) => {
        asked.push(`join ${memberId}`);
        return Promise.resolve({ generationId: 1, leaderId: newId, memberId: newId, members: [], groupProtocol: '' });
      },
    };
    const cluster = { findGroupCoordinator: () => Promise.resolve(coordinator) };
    membershipIn.set(cluster, { memberIds, onCoordinatorFound: () => asked.push('found') });
    Object.assign(group, { cluster, coordinator, assigners: [] });
    return { group: group as Coordinated['group'], asked };
  }
  const join = ({ group }: Coordinated): Promise<void> | undefined => {
    const own = Object.getOwnPropertySymbols(Own.prototype);
    const symbol = own.find(({ description }) => description === 'private:ConsumerGroup:join');
    return symbol && group[symbol]?.();
  };

  test('tells that it has found its coordinator, leaves under its former id before it joins, and not under its present one', async () => {
    const memberIds = new Set<string>();
    const former = coordinated(memberIds, 'former');
    await join(former);
    await join(former);
    const next = coordinated(memberIds, 'next');
    await join(next);
    expect(former.asked).toEqual(['found', 'join ', 'join former']);
    expect(next.asked).toEqual(['found', 'leave former', 'join ']);
    expect([...memberIds]).toEqual(['next']);
    await next.group.leave();
    expect([...memberIds]).toEqual([]);
  });

  test('has left when its coordinator does not know it, and tries again when it cannot be asked', async () => {
    const gone = coordinated(new Set(['former']), 'next', () => Promise.reject(withType('UNKNOWN_MEMBER_ID')));
    await join(gone);
    expect(gone.asked).toEqual(['found', 'leave former', 'join ']);

    const memberIds = new Set(['former']);
    const loading = coordinated(memberIds, 'next', () => Promise.reject(withType('COORDINATOR_LOAD_IN_PROGRESS')));
    await expect(join(loading)).rejects.toMatchObject({ type: 'COORDINATOR_LOAD_IN_PROGRESS' });
    expect(loading.asked).toEqual(['found', 'leave former']);
    expect([...memberIds]).toEqual(['former']);
  });

  const withType = (type: string): Error => Object.assign(new Error(type), { type });
});

describe('a steady member, while its group forms anew', () => {
  const Steady = steadyGroup(Honest);
  const withType = (type: string): Error => Object.assign(new Error(type), { type });

  /** A coordinator that says once that the group forms anew, and answers a join when it is let. */
  function steady(isSteady = true, joined: () => Promise<void> = () => Promise.resolve()) {
    const { group, told } = stage(Steady, 'm');
    const coordinator = {
      heartbeat: () => Promise.reject(withType('REBALANCE_IN_PROGRESS')),
      leaveGroup: () => Promise.resolve(told.push({ left: true } as never)),
    };
    const cluster = {};
    const settings = isSteady ? { steady: { heartbeatMs: 1_000, isOver: () => false } } : {};
    membershipIn.set(cluster, { memberIds: new Set(), onCoordinatorFound: () => undefined, ...settings });
    const joins: string[] = [];
    Object.assign(group, { coordinator, cluster, maxWaitTime: 100 });
    Object.defineProperty(prototype, 'joinAndSync', {
      configurable: true,
      writable: true,
      value: () => (joins.push('join'), joined()),
    });
    return { group: group as typeof group & { maxWaitTime: number }, joins, told };
  }
  const prototype = Own.prototype as { joinAndSync: () => Promise<void> };
  const ownJoin = Object.getOwnPropertyDescriptor(prototype, 'joinAndSync') ?? {};
  afterEach(() => {
    Object.defineProperty(prototype, 'joinAndSync', ownJoin);
  });

  test('joins beside its fetching, once, and asks nothing meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { group, joins } = steady(true, () => promise);
    expect(group.maxWaitTime).toBe(100);
    await group.heartbeat({ interval: 0 });
    await group.heartbeat({ interval: 0 });
    expect(joins).toEqual(['join']);
    expect(group.maxWaitTime).toBe(5);
    resolve(undefined);
  });

  test('throws where it could not join with the next heartbeat, as the runner expects it', async () => {
    const { group } = steady(true, () => Promise.reject(new Error('no broker')));
    await group.heartbeat({ interval: 0 });
    await new Promise(setImmediate);
    await expect(group.heartbeat({ interval: 0 })).rejects.toThrow('no broker');
  });

  test('leaves once its join is answered, and joins no more', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { group, told, joins } = steady(true, () => promise);
    await group.heartbeat({ interval: 0 });
    const leaving = group.leave();
    await new Promise(setImmediate);
    expect(told).not.toContainEqual({ left: true });
    resolve(undefined);
    await leaving;
    expect(told).toContainEqual({ left: true });
    expect(joins).toEqual(['join']);
  });

  test('of another kind hears it as kafkajs does', async () => {
    const { group } = steady(false);
    await expect(group.heartbeat({ interval: 0 })).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS' });
  });
});
