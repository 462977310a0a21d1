import { createRequire } from 'node:module';
import { honestGroup, type ConsumerGroupClass, type ProtocolErrorClass } from './consumer-group.ts';

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
