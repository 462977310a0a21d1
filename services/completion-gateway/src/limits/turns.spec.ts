import { strangers, Turns } from './turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Requests of callers, in the order in which they have begun. */
class Requests {
  readonly begun: string[] = [];
  readonly #turns = new Turns();

  come(caller: string, count: number): void {
    for (let number = 0; number < count; number++) void this.#come(caller, number);
  }

  async #come(caller: string, number: number): Promise<void> {
    await this.#turns.next(caller);
    this.begun.push(`${caller}-${String(number)}`);
  }
}

test('who asks a thousand times at once waits for themself, and others wait for a few of these', async () => {
  const requests = new Requests();
  requests.come('greedy', 1_000);
  requests.come('modest', 2);
  await Promise.resolve();
  expect(requests.begun).toHaveLength(18);
  expect(requests.begun).toContain('modest-1');

  await turn();
  requests.come('late', 1);
  await Promise.resolve();
  expect(requests.begun.indexOf('late-0')).toBeLessThan(40);
});

test('everyone begins in the end, those of a caller in their order, and nothing waits for a turn that nobody needs', async () => {
  const requests = new Requests();
  requests.come(strangers, 100);
  for (let count = 0; count < 8; count++) await turn();
  expect(requests.begun).toEqual(Array.from({ length: 100 }, (_, number) => `${strangers}-${String(number)}`));
  requests.come(strangers, 16);
  await Promise.resolve();
  expect(requests.begun).toHaveLength(116);
});
