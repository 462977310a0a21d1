import { eventually } from './eventually.ts';
import { uniqueName } from './unique-name.ts';

describe('eventually', () => {
  it('returns what the check returns, once it does not throw', async () => {
    let tries = 0;
    const check = (): number => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
      return tries;
    };
    await expect(eventually(check, { pauseMs: 1 })).resolves.toBe(3);
  });

  it('takes undefined for a check that held, and false for one that did not', async () => {
    await expect(eventually(() => undefined)).resolves.toBeUndefined();
    await expect(eventually(() => false, { deadlineMs: 5, pauseMs: 1 })).rejects.toThrow(
      /within 5 ms, but: it was still false/,
    );
  });

  it('tells the last error after the deadline', async () => {
    const check = (): Promise<never> => Promise.reject(new Error('the topic is missing'));
    await expect(eventually(check, { deadlineMs: 5, pauseMs: 1 })).rejects.toThrow(/the topic is missing/);
  });
});

describe('uniqueName', () => {
  it('never gives the same name twice', () => {
    expect(uniqueName('topic')).toMatch(/^topic-[0-9a-f]{12}$/);
    expect(new Set(Array.from({ length: 100 }, () => uniqueName('topic'))).size).toBe(100);
  });
});
