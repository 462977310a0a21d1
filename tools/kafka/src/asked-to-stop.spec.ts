import { fork } from 'node:child_process';
import { once } from 'node:events';
import { unlessAborted } from './asked-to-stop.ts';

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('after %s, come twice, what was started is stopped, and the end is %d', async (signal, exitCode) => {
  const program = fork(new URL('./asked-to-stop.fixture.ts', import.meta.url), {
    execArgv: ['--conditions=@ratchet/source', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  program.stderr?.on('data', (text: Buffer) => (said += text.toString()));
  const messages: unknown[] = [];
  await once(program, 'message');
  program.on('message', (message) => messages.push(message));
  program.kill(signal);
  program.kill(signal);
  expect(await once(program, 'close')).toEqual([exitCode, null]);
  expect(messages).toEqual(['stopped']);
  expect(said).toBe('Stopping what was started. Ctrl-C again ends it at once.\n');
});

describe('unless aborted', () => {
  const reason = new Error('enough');
  const never = new Promise<never>(() => undefined);

  test('it comes to what the work comes to', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(signal, Promise.resolve(1))).toBe(1);
    expect(await unlessAborted(undefined, Promise.resolve(1))).toBe(1);
    await expect(unlessAborted(signal, Promise.reject(reason))).rejects.toBe(reason);
  });

  test('it is given up with the reason, be it aborted before or meanwhile', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(controller.signal, never);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(unlessAborted(controller.signal, never)).rejects.toBe(reason);
  });
});
