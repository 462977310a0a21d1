import { connectBroker } from '@ratchet/testing';
import { startRatchet, type RunningRatchet } from '@ratchet/tools-start';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { pack, packages, root } from './packages.ts';

/** The versions of Node that are tried beside this one: the oldest that `engines` allows, and one that it does not. */
const [oldest, tooOld] = ['22.12.0', '20.20.2'];
const nodeFor = (version: string): string => `node-${version}@npm:node-${process.platform}-${process.arch}@${version}`;
const fromRegistry = [
  nodeFor(oldest),
  nodeFor(tooOld),
  ...['typescript@6.0.3', '@types/node@24.19.2'],
  ...['jest@30.5.2', '@types/jest@30.0.0', 'ts-jest@29.4.15'],
];

/** Outside the workspace: every project is a folder in it, and finds what is installed above. */
const home = mkdtempSync(join(tmpdir(), 'ratchet-install-'));
const installed = (path: string): string => join(home, 'node_modules', path);
const nodes = { [oldest]: installed(`node-${oldest}/bin/node`), [process.versions.node]: process.execPath };

const run = async (folder: string, command: string, args: readonly string[], env: object = {}): Promise<string> => {
  const options = { cwd: join(home, folder), env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 };
  try {
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { readonly stdout: string; readonly stderr: string };
    throw new Error([message, stdout, stderr].join('\n'), { cause: error });
  }
};
const tsc = (folder: string, ...args: readonly string[]): Promise<string> =>
  run(folder, process.execPath, [installed('typescript/bin/tsc'), ...args]);

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), typeof content === 'string' ? content : JSON.stringify(content));
}

let ratchet: RunningRatchet;
beforeAll(async () => {
  const tarballs: string[] = [];
  for (const each of packages()) tarballs.push(await pack(each, home));
  write('package.json', { name: 'home', version: '1.0.0', private: true });
  await run('.', 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...fromRegistry]);
  const { brokers, registryUrl } = connectBroker();
  ratchet = await startRatchet({ kafka: { brokers: brokers.join(','), registryUrl } });
}, 600_000);
afterAll(async () => {
  rmSync(home, { recursive: true });
  await ratchet.stop();
});

const addresses = (): object => ({ KAFKA_BROKERS: ratchet.brokers, SCHEMA_REGISTRY_URL: ratchet.registryUrl });

/** As `tsc --init` and `nest new` write them. */
const strict = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };
const asNest = {
  module: 'nodenext',
  esModuleInterop: true,
  isolatedModules: true,
  target: 'es2023',
  declaration: true,
};

/** All that users import, so that all types are checked. */
const everything = ['client', 'worker', 'worker/testing', 'workflow'].map(
  (name, index) => `export * as part${String(index)} from '@ratchet/${name}';`,
);

describe.each(['module', 'commonjs'] as const)('in a project of type %s', (type) => {
  beforeAll(async () => {
    write(`${type}/package.json`, { name: type, version: '1.0.0', type });
    for (const file of ['activities.ts', 'connection.ts', 'worker.ts', 'client.ts']) {
      copyFileSync(join(root, 'examples/quickstart/src', file), join(home, type, file));
    }
    if (type === 'module') await tsc(type, '--init');
    else write(`${type}/tsconfig.json`, { compilerOptions: { ...asNest, ...strict } });
  });

  test("README's files compile as they stand", async () => {
    await tsc(type);
  });

  test('no type of ours is wrong, those of what is installed included', async () => {
    write(`${type}/types/everything.ts`, everything.join('\n'));
    await tsc(type, '--noEmit', '--skipLibCheck', 'false', '--types', 'node');
  });

  test.each(Object.entries(nodes))(
    "README's client gets its greeting from README's worker on Node %s",
    async (_, node) => {
      const env = addresses();
      const cwd = join(home, type);
      const worker = spawn(node, ['worker.js'], { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
      try {
        expect(await run(type, node, ['client.js'], env)).toBe('Hello, Ada!\n');
      } finally {
        worker.kill('SIGTERM');
      }
      expect(await once(worker, 'exit')).toEqual([0, null]);
    },
  );
});

test.each(Object.entries(nodes))(
  'a process has every class once, however it is loaded, on Node %s',
  async (_, node) => {
    const script = `
    import { createRequire } from 'node:module';
    import * as worker from '@ratchet/worker';
    import { ApplicationFailure } from '@ratchet/client';
    const required = createRequire(import.meta.url)('@ratchet/workflow') && createRequire(import.meta.url)('@ratchet/worker');
    console.log(required.ApplicationFailure === worker.ApplicationFailure && ApplicationFailure === required.ApplicationFailure);`;
    expect(await run('.', node, ['--input-type=module', '--eval', script])).toBe('true\n');
  },
);

test.each([
  ['import', ['--input-type=module', '--eval', "import '@ratchet/worker'"]],
  ['require', ['--eval', "require('@ratchet/client')"]],
])('an older Node is told so by %s', async (_, args) => {
  await expect(run('.', installed(`node-${tooOld}/bin/node`), args)).rejects.toThrow(
    `Expected to run on Node 22.12 or newer, but this is v${tooOld}`,
  );
});

test('Jest as `nest new` sets it up tests an activity', async () => {
  write('nest/package.json', {
    name: 'nest',
    version: '1.0.0',
    jest: {
      moduleFileExtensions: ['js', 'json', 'ts'],
      rootDir: 'src',
      testRegex: String.raw`.*\.spec\.ts$`,
      transform: { [String.raw`^.+\.(t|j)s$`]: 'ts-jest' },
      testEnvironment: 'node',
    },
  });
  write('nest/tsconfig.json', {
    compilerOptions: { ...asNest, emitDecoratorMetadata: true, experimentalDecorators: true },
  });
  mkdirSync(join(home, 'nest/src'));
  copyFileSync(join(root, 'examples/quickstart/src/activities.ts'), join(home, 'nest/src/activities.ts'));
  write(
    'nest/src/activities.spec.ts',
    `import { ActivityClient, ActivityFailedError } from '@ratchet/client';
import { ApplicationFailure, CancelledFailure, Worker } from '@ratchet/worker';
import { MockActivityEnvironment } from '@ratchet/worker/testing';
import { greet } from './activities';

it('greets', async () => {
  const environment = new MockActivityEnvironment();
  await expect(environment.run(greet, 'Ada')).resolves.toBe('Hello, Ada!');
  expect(environment.heartbeats).toEqual([{ greeting: 'Ada' }]);
});

it('stops', async () => {
  const environment = new MockActivityEnvironment();
  environment.onHeartbeat(() => environment.cancel());
  await expect(environment.run(greet, 'Ada')).rejects.toBeInstanceOf(CancelledFailure);
});

it('runs on a real broker', async () => {
  const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registry = '' } = process.env;
  const worker = await Worker.create({ brokers, registry, taskQueue: 'in-jest', activities: { greet, refuse } });
  const running = worker.run();
  const client = await ActivityClient.connect({ brokers, registry });
  const options = { taskQueue: 'in-jest', args: ['Ada'], timeouts: { startToClose: '10s' } };
  await expect(client.execute('greet', options)).resolves.toBe('Hello, Ada!');
  const failed = await client.execute('refuse', options).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ActivityFailedError);
  expect((failed as ActivityFailedError).cause).toBeInstanceOf(ApplicationFailure);
  await client.close();
  worker.shutdown();
  await running;
}, 60_000);

const refuse = (name: string) => Promise.reject(ApplicationFailure.nonRetryable(name + ' is refused'));
`,
  );
  await run('nest', process.execPath, [installed('jest/bin/jest.js'), '--ci'], addresses());
});
