import { execFile, spawn, type ChildProcess, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startCluster } from '@ratchet/testing';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('..', import.meta.url));
/** Where Python's package is installed once, beside the data of `npm start`. */
const environment = fileURLToPath(new URL('../../../.ratchet/temporal-sdk-python', import.meta.url));

let ratchet: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  ratchet = await startCluster();
}, 120_000);
afterAll(() => ratchet.stop());

interface Program {
  readonly command: string;
  readonly worker: string;
  readonly client: string;
}

async function python(): Promise<string> {
  const command = `${environment}/bin/python`;
  if (existsSync(`${environment}/installed`)) return command;
  await run('python3', ['-m', 'venv', environment]);
  await run(command, ['-m', 'pip', 'install', '--quiet', '-r', `${folder}python/requirements.txt`]);
  await run('touch', [`${environment}/installed`]);
  return command;
}

async function ended(worker: ChildProcess): Promise<void> {
  const exit = once(worker, 'exit');
  worker.kill('SIGINT');
  await exit;
}

/**
 * Now and then the native threads of the Python SDK crash the interpreter while it ends, once all is said ("Fatal Python
 * error: PyGILState_Release ... finalizing", or a segmentation fault): what it has printed counts then.
 */
async function printedBy(command: string, program: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await run(command, [program], { env })).stdout;
  } catch (error) {
    const { signal, stdout } = error as ExecFileException;
    if (signal !== 'SIGABRT' && signal !== 'SIGSEGV') throw error;
    return stdout ?? '';
  }
}

async function greetings({ command, worker, client }: Program): Promise<string> {
  const env = { ...process.env, TEMPORAL_ADDRESS: ratchet.grpcAddress };
  const running = spawn(command, [worker], { env, stdio: 'inherit' });
  try {
    return await printedBy(command, client, env);
  } finally {
    await ended(running);
  }
}

test("the TypeScript SDK's client gets its greetings from its worker", async () => {
  const said = await greetings({
    command: process.execPath,
    worker: `${folder}dist/worker.js`,
    client: `${folder}dist/client.js`,
  });
  expect(said).toBe('Hello, TypeScript!\nHello, whoever waits!\n');
}, 60_000);

test("the Python SDK's client gets its greetings from its worker", async () => {
  const said = await greetings({
    command: await python(),
    worker: `${folder}python/worker.py`,
    client: `${folder}python/client.py`,
  });
  expect(said).toBe('Hello, Python!\nHello, whoever waits!\n');
}, 180_000);
