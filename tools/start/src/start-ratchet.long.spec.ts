import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { awaitProgress, namedAddresses } from '@ratchet/tools-kafka';
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

/** Takes a port, unless someone else has it already. */
const occupied = async (port: number): Promise<Server> => {
  const server = createServer().listen(port, '127.0.0.1');
  await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => undefined);
  return server;
};

test('where a usual port is in use the service gets another, and a port that was asked for is an error', async () => {
  const servers = await Promise.all([9401, 7233].map(occupied));
  const lines: string[] = [];
  try {
    const ratchet = await startRatchet({ ...options((line) => lines.push(line)), ports: 'usual' });
    const { grpcAddress, services } = ratchet;
    const { healthUrl } = services.scheduler;
    await ratchet.stop();
    expect(grpcAddress).toMatch(/^127\.0\.0\.1:(?!7233$)\d+$/);
    expect(healthUrl).toMatch(/:(?!9401\/)\d+\//);

    const asked = { ...options(), serviceEnv: { ...serviceEnv, RATCHET_GRPC_PORT: '7233' } };
    await expect(startRatchet(asked)).rejects.toThrow(
      /settings are wrong[^]*RKT1303.*127\.0\.0\.1, port 7233 \(RATCHET_GRPC_HOST, RATCHET_GRPC_PORT\), but the port is in use/,
    );
  } finally {
    for (const server of servers) server.close();
  }
});

test('the doors are where they were when the gateway is started again', async () => {
  const ratchet = await startRatchet(options());
  const { services, grpcAddress, httpUrl } = ratchet;
  await services['completion-gateway'].kill('SIGKILL');
  await services['completion-gateway'].ready();
  const { doors } = services['completion-gateway'];
  await ratchet.stop();
  expect(doors).toEqual({ grpcAddress, httpUrl });
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
  const areGone = (): boolean => !pids.some(isRunning);
  const waiting = { isDone: areGone, isOver: () => false, signs: () => '', pid: () => undefined, stallMsMax: 60_000 };
  expect(await awaitProgress(waiting)).toBe('done');
});
