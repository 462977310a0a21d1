import { InvalidWorkerOptionsError, loadWorkerOptions, type WorkerOptions } from './worker-options.ts';

const minimal: WorkerOptions = {
  brokers: 'localhost:9092',
  registry: 'http://localhost:8081',
  taskQueue: 'payments',
  activities: { charge: () => 'charged', version: '1.0' },
};
const wrong = (value: unknown): never => value as never;

test('what is left out gets the defaults of the field', () => {
  const options = loadWorkerOptions(minimal);
  expect(options).toMatchObject({ namespace: 'default', slotsMax: 100, graceMs: 0, forceMs: undefined });
  expect(options.identity).toContain(`${String(process.pid)}@`);
  expect([...options.activities.keys()]).toEqual(['charge']);
});

test.each<{ given: string; options: Partial<WorkerOptions>; message: string }>([
  { given: 'no task queue', options: { taskQueue: '' }, message: 'taskQueue is not set' },
  { given: 'no namespace', options: { namespace: '' }, message: 'Namespace is empty.' },
  { given: 'no activities', options: { activities: { version: '1.0' } }, message: 'Expected to get activities' },
  { given: 'a slip of the pen', options: wrong({ taskqueue: 'q' }), message: 'none with the name taskqueue' },
  {
    given: 'activities that are a function',
    options: { activities: wrong(() => 1) },
    message: 'activities as an object',
  },
  { given: 'a queue of another type', options: { taskQueue: wrong(5) }, message: 'taskQueue as a string, but it is 5' },
  { given: 'brokers without a port', options: { brokers: 'localhost' }, message: "brokers as 'host:port'" },
  { given: 'a log that is none', options: { log: wrong('x') }, message: "log as a function, but it is 'x'" },
  { given: 'slots of another type', options: { maxConcurrentActivities: wrong(5n) }, message: 'but it is 5n' },
  {
    given: 'no slots',
    options: { maxConcurrentActivities: 0 },
    message: 'maxConcurrentActivities as a whole number from 1 up, but it is 0',
  },
  { given: 'a prefix that is none', options: { prefix: 'team a' }, message: 'prefix as 1 to 40 of' },
  {
    given: 'a queue without room beside the prefix',
    options: {
      prefix: 'team-a.',
      taskQueue: 'q'.repeat(249 - 'team-a.ratchet.activity.tasks.default..dlq'.length + 1),
    },
    message: 'Length=246 Limit=245',
  },
  { given: 'half a slot', options: { maxConcurrentActivities: 0.5 }, message: 'maxConcurrentActivities' },
  { given: 'an unreadable time', options: { shutdownGraceTime: wrong('soon') }, message: 'shutdownGraceTime' },
  { given: 'a negative time', options: { shutdownForceTime: -1 }, message: 'shutdownForceTime' },
])('$given is refused by name', ({ options, message }) => {
  const load = (): unknown => loadWorkerOptions({ ...minimal, ...options });
  expect(load).toThrow(InvalidWorkerOptionsError);
  expect(load).toThrow(message);
});

test('the methods of an instance are activities, inherited ones too, and are called on it', () => {
  class Service {
    readonly #currency = 'EUR';
    readonly now = (): string => `now in ${this.#currency}`;

    charge(amount: number): string {
      return `${String(amount)} ${this.#currency}`;
    }

    get connection(): () => never {
      throw new Error('a getter was read');
    }
  }
  class Payments extends Service {
    refund(amount: number): string {
      return `back: ${this.charge(amount)}`;
    }
  }
  const { activities } = loadWorkerOptions({ ...minimal, activities: new Payments() });
  expect([...activities.keys()].sort()).toEqual(['charge', 'now', 'refund']);
  expect(activities.get('refund')?.(7)).toBe('back: 7 EUR');
  expect(activities.get('now')?.()).toBe('now in EUR');
});
