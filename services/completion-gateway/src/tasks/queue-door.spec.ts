import type { GrantedTask } from '../front-door/index.ts';
import { Claims, Queue, request, settled } from './queue-door.fixture.ts';
import type { QueueDoor } from './queue-door.ts';

let opened: QueueDoor | undefined;
afterEach(() => {
  // A poll that is held to a limit looks again every second, for as long as it is open.
  opened?.close();
});

const stage = () => {
  const claims = new Claims();
  const queue = new Queue();
  const door = queue.open(claims);
  opened = door;
  const poll = (more?: Parameters<typeof request>[0]) => {
    const controller = new AbortController();
    const answer = door.poll(request(more), controller.signal);
    return {
      answer: answer.then(idOf),
      go: () => {
        controller.abort();
      },
    };
  };
  return { claims, queue, door, poll };
};

const idOf = (granted: GrantedTask | undefined): string => granted?.task.id.activityId ?? 'nothing';

test('a task is not claimed before someone polls', () => {
  const { claims, queue } = stage();
  queue.add('a');
  expect(claims.count).toBe(0);
});

test('a poll gets a task once it is granted, and its record is settled then', async () => {
  const { claims, queue, poll } = stage();
  queue.add('a', 'b');
  const { answer } = poll();
  expect(claims.count).toBe(1);
  expect(queue.done).toEqual([]);
  await claims.grant();
  expect(await answer).toBe('a');
  expect(queue.done).toEqual(['a']);
  expect(claims.count).toBe(0);
});

test('as many tasks are under way as there are polls', async () => {
  const { claims, queue, poll } = stage();
  const polls = [poll(), poll()];
  queue.add('a', 'b', 'c');
  expect(claims.count).toBe(2);
  await claims.grant();
  await claims.grant();
  expect(await Promise.all(polls.map(({ answer }) => answer))).toEqual(['a', 'b']);
});

test('what another worker has is settled, and the poll gets the next', async () => {
  const { claims, queue, poll } = stage();
  const { answer } = poll();
  queue.add('a', 'b');
  await claims.refuse();
  expect(queue.done).toEqual(['a']);
  await claims.grant();
  expect(await answer).toBe('b');
});

test('what could not be claimed is left unsettled, and the poll waits on', async () => {
  const { claims, queue, poll } = stage();
  const { answer } = poll();
  queue.add('a', 'b');
  await claims.fail(new Error('no answer'));
  expect(queue.done).toEqual([]);
  await claims.grant();
  expect(await answer).toBe('b');
});

test('a poller that goes gets nothing, and nothing is claimed for it', async () => {
  const { claims, queue, poll } = stage();
  const { answer, go } = poll();
  go();
  queue.add('a');
  expect(claims.count).toBe(0);
  expect(await answer).toBe('nothing');
});

test('one that goes while its task is claimed leaves it to another that waits', async () => {
  const { claims, queue, poll } = stage();
  const first = poll();
  const second = poll();
  queue.add('a');
  first.go();
  await claims.grant();
  expect([await first.answer, await second.answer]).toEqual(['nothing', 'a']);
});

test('or to the next that comes', async () => {
  const { claims, queue, poll } = stage();
  const first = poll();
  queue.add('a');
  first.go();
  await claims.grant();
  expect(await poll().answer).toBe('a');
  expect(queue.done).toEqual(['a']);
});

test('the polls of a worker that shuts down end, and those of others wait on', async () => {
  const { claims, queue, door, poll } = stage();
  const ended = poll({ workerInstanceKey: 'one' });
  const other = poll({ workerInstanceKey: 'two' });
  door.endPolls('one');
  expect(await ended.answer).toBe('nothing');
  queue.add('a');
  await claims.grant();
  expect(await other.answer).toBe('a');
});

describe('when nobody has polled for a while', () => {
  test('counts from when the last of those who waited got a task that was claimed for another', async () => {
    const { claims, queue, door, poll } = stage();
    const first = poll();
    const second = poll();
    queue.add('a');
    first.go();
    expect(door.dueAt).toBe(Infinity);
    await claims.grant();
    expect(await second.answer).toBe('a');
    expect(door.dueAt).toBeLessThan(Infinity);
  });

  test('what comes is passed on if others read the queue', () => {
    const { queue, door, claims } = stage();
    queue.othersRead = true;
    queue.partHere = 0.5;
    queue.add('a', 'b');
    expect(queue.passedOn).toEqual([]);
    door.whenDue(performance.now());
    expect(queue.passedOn).toEqual(['a', 'b']);
    expect(claims.count).toBe(0);
  });

  test('and waits here otherwise, for the next poll', async () => {
    const { queue, door, claims, poll } = stage();
    queue.add('a', 'b');
    door.whenDue(performance.now());
    // Not taken in: something more urgent may come before the poll.
    expect(queue.waiting).toEqual(['a', 'b']);
    const { answer } = poll();
    await claims.grant();
    expect(await answer).toBe('a');
    expect(queue.passedOn).toEqual([]);
  });

  test('and is forgotten with its partition', async () => {
    const { queue, door, claims, poll } = stage();
    queue.partHere = 0.5;
    queue.add('a');
    door.whenDue(performance.now());
    expect(queue.waiting).toEqual([]);
    door.forget('tasks', [0]);
    void poll();
    await settled();
    expect(claims.count).toBe(0);
  });
});

test('no more is taken than the rate limit of the queue allows', async () => {
  const { claims, queue, poll } = stage();
  queue.add('a', 'b', 'c');
  const limited = { tasksPerSecondMax: 2 };
  const polls = [poll(limited), poll(limited), poll(limited)];
  expect(claims.count).toBe(2);
  for (const { go } of polls) go();
  await settled();
});

test('the limit follows the part of the queue that is read here, also while a poll is open', async () => {
  const { claims, queue, poll } = stage();
  queue.partHere = 0;
  const polls = [poll({ tasksPerSecondMax: 1_000_000 })];
  queue.add('a');
  expect(claims.count).toBe(0);
  queue.partHere = 1;
  polls.push(poll());
  await settled();
  polls.push(poll());
  expect(claims.count).toBe(1);
  for (const { go } of polls) go();
});

test('a closed door sends everyone away: who waits, who comes, and who waited for a task that was none', async () => {
  const { claims, queue, door, poll } = stage();
  const [claiming, waiting] = [poll(), poll()];
  queue.add('a');
  door.close();
  await claims.refuse();
  const answers = [claiming, waiting, poll()].map(({ answer }) => answer);
  expect(await Promise.all(answers)).toEqual(['nothing', 'nothing', 'nothing']);
});
