import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { namedAddresses } from '@ratchet/tools-kafka';
import { freePortOr } from './free-port.ts';
import { poll } from './poll.ts';
import { startRatchet, type StartRatchetOptions } from './start-ratchet.ts';

const kafka = namedAddresses(process.env);
if (kafka === undefined) throw new Error('Expected a broker, but there is none: run "npm run test:broker"');
const serviceEnv = { RATCHET_SESSION_TIMEOUT_MS: '2000' };

const options = (log?: (line: string) => void): StartRatchetOptions => ({
  kafka,
  serviceEnv,
  ...(log === undefined ? {} : { log }),
});

/** Whether it runs. One that has ended and was not yet buried by its parent does not. */
function isRunning(pid: number | undefined): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

test('a service that is killed is started again and gets ready; a stop ends all of them cleanly', async () => {
  const lines: string[] = [];
  const ratchet = await startRatchet(options((line) => lines.push(line)));
  const { scheduler } = ratchet.services;
  const { pid } = scheduler;

  await scheduler.kill('SIGKILL');
  await scheduler.ready();
  expect(scheduler.pid).not.toBe(pid);
  expect(lines).toContainEqual(expect.stringMatching(/^scheduler +\| ended with SIGKILL: it is started again/));

  const pids = Object.values(ratchet.services).map((service) => service.pid);
  await ratchet.stop();
  expect(pids.filter(isRunning)).toEqual([]);
  const saidStopped = lines.filter((line) => line.includes('stopped')).map((line) => line.split(' ')[0]);
  expect(saidStopped.toSorted()).toEqual(['cancellation', 'completion-gateway', 'scheduler', 'timeout-tracker']);
});

test('the doors are where everyone expects them, where nobody else is', async () => {
  const [grpc, http] = [await freePortOr(7233, 0), await freePortOr(7243, 0)];
  const ratchet = await startRatchet({ ...options(), ports: 'usual' });
  const { grpcAddress, httpUrl } = ratchet;
  await ratchet.stop();
  expect(grpcAddress).toMatch(grpc === 0 ? /^127\.0\.0\.1:(?!7233$)\d+$/ : /^127\.0\.0\.1:7233$/);
  expect(httpUrl).toMatch(http === 0 ? /^http:\/\/127\.0\.0\.1:(?!7243$)\d+$/ : /^http:\/\/127\.0\.0\.1:7243$/);
});

test('a service that cannot start ends the start, and its last words say why', async () => {
  const wrong = { ...options(), serviceEnv: { RATCHET_PARTITIONS: 'many' } };
  await expect(startRatchet(wrong)).rejects.toThrow(/its settings are wrong[^]*RATCHET_PARTITIONS is "many"/);
});

test('a start with another secret than that of the services which run there is refused, and says why', async () => {
  const ratchet = await startRatchet(options());
  const stranger = { ...serviceEnv, RATCHET_TOKEN_SECRET: 'the secret of another clone of the repository' };
  const refused = await startRatchet({ ...options(), serviceEnv: stranger }).catch(String);
  await ratchet.stop();
  expect(refused).toMatch(/RKT1302.*RATCHET_TOKEN_SECRET and RATCHET_TOKEN_KEYS have no key in common/);
  expect(refused).not.toContain(stranger.RATCHET_TOKEN_SECRET);
});

test('when the one who started them is killed with kill -9, none is left behind', async () => {
  const starter = fork(new URL('./starter.fixture.ts', import.meta.url), [JSON.stringify({ kafka, serviceEnv })], {
    execArgv: ['--conditions=@ratchet/source', '--disable-warning=ExperimentalWarning'],
  });
  const [pids] = (await once(starter, 'message')) as [readonly number[]];
  expect(pids.filter(isRunning)).toHaveLength(4);

  starter.kill('SIGKILL');
  expect(await poll(() => !pids.some(isRunning), 10_000)).toBe(true);
});
