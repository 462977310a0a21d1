import { fork } from 'node:child_process';
import { once } from 'node:events';

test('what an activity leaves alone is its own failure, and no other one’s', async () => {
  const child = fork(new URL('./stray.fixture.ts', import.meta.url), {
    execArgv: ['--conditions=@ratchet/source', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let printed = '';
  child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, 'exit');
  const [ends] = (await once(child, 'message')) as [unknown];
  const [code] = (await ended) as [number];

  const failure: unknown = expect.objectContaining({ message: 'left alone' });
  expect(ends).toMatchObject({
    stuck: { report: { type: 'Fail', failure }, logged: ['warn: the activity failed: left alone'] },
    early: {
      report: { type: 'Complete' },
      logged: ['warn: a promise that the activity left alone was rejected after its end: too late'],
    },
    neighbour: { report: { type: 'Complete' }, logged: [] },
  });
  // What no activity has made ends the process, as Node has it.
  expect(code).toBe(1);
  expect(printed).toContain('Error: of nobody');
});
