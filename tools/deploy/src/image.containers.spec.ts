import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { services } from '@ratchet/tools-start';
import { ROOT } from './chart.ts';
import { buildRatchet, RATCHET } from './images.ts';
import { ended, podman, type Ended } from './podman.ts';

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string; readonly group?: string }[];
}

/** Of the layers, as podman counts them. */
const IMAGE_BYTES_MAX = 260_000_000;
/** What a pod of the chart may do, and no more. */
const RESTRICTED = '--rm --network=none --read-only --cap-drop=all --security-opt=no-new-privileges'.split(' ');

const ratchet = (options: readonly string[], ...args: readonly string[]): Promise<Ended> =>
  ended('podman', ['run', ...RESTRICTED, ...options, RATCHET, ...args]);

let root: string;
let files: readonly string[];
beforeAll(async () => {
  root = await podman('image', 'mount', RATCHET);
  files = (readdirSync(root, { recursive: true }) as string[]).map((path) => `/${path}`);
});
afterAll(() => podman('image', 'unmount', RATCHET));

const matching = (pattern: RegExp): readonly string[] => files.filter((path) => pattern.test(path));
const statOf = (path: string): ReturnType<typeof lstatSync> => lstatSync(join(root, path));

describe('what is in the image', () => {
  it('are Node, its libraries, programs and packages, and nothing else', () => {
    expect(readdirSync(root).sort()).toEqual(['etc', 'lib', 'lib64', 'ratchet', 'tmp', 'usr', 'var']);
    expect(readdirSync(join(root, 'usr/bin'))).toEqual(['node']);
    expect(readdirSync(join(root, 'etc')).sort()).toEqual(['group', 'nsswitch.conf', 'passwd']);
  });

  it.each([
    [
      'tests',
      // what mappersmith offers to those who test with it is imported by one of its gateways
      /\.(?:spec|test|fixture|arbitrary)\.[cm]?js|\.snap$|(?<!mappersmith(?:\/esm)?)\/(?:tests?|__\w+__|examples?|benchmarks?)\//,
    ],
    ['sources and types', /\.[cm]?tsx?$/],
    ['what only a build needs', /\/(?:typescript|jest|nx|eslint|prettier|@swc|@types|node-linux-[^/]*)\//],
    ['packages of this workspace that no service needs', /@ratchet\/(?:client|worker|workflow|testing|tools-[^/]*)\//],
    ['secrets', /\.(?:key|p12|jks)$|\/\.(?:env|npmrc|git)/],
    ['shells and package managers', /\/(?:sh|bash|dash|busybox|apt|dpkg|npm|npx|corepack)$/],
  ])('are no %s', (_what, pattern) => {
    expect(matching(pattern)).toEqual([]);
  });

  it('is as whoever runs it, under any user, may read', () => {
    const unreadable = files.filter((path) => {
      const { mode } = statOf(path) ?? { mode: 0 };
      const isFolder = (Number(mode) & 0o170000) === 0o040000;
      return (Number(mode) & (isFolder ? 0o005 : 0o004)) === 0;
    });
    expect(unreadable).toEqual([]);
  });

  it('is not as whoever runs it may write, but for /tmp and the state, and changes nobody who runs it', () => {
    const writable = ['/tmp', '/var/lib/ratchet/state'];
    const wrong = files.filter((path) => {
      const stat = statOf(path);
      if (stat?.isSymbolicLink() === true || writable.includes(path)) return false;
      return (Number(stat?.mode) & 0o6022) !== 0 || stat?.uid !== 0;
    });
    expect(wrong).toEqual([]);
    for (const path of writable) expect(Number(statOf(path)?.mode) & 0o7777).toBe(0o1777);
  });

  it('has no link that leads nowhere', () => {
    const astray = files.filter((path) => {
      if (statOf(path)?.isSymbolicLink() !== true) return false;
      const target = readlinkSync(join(root, path));
      return target.startsWith('/') || !files.includes(`/${relative(root, join(root, path, '..', target))}`);
    });
    expect(astray).toEqual([]);
  });

  it('has the terms of every package, and the notices that go with them', () => {
    const isTerms = (name: string): boolean => /^(?:licen[cs]e|notice|copying|copyright|third)/i.test(name);
    const packages = matching(/\/node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/).map((path) => dirname(path));
    const terms = packages.flatMap((folder) => {
      const here = join(ROOT, relative('/ratchet', folder));
      return existsSync(here) ? readdirSync(here).flatMap((name) => (isTerms(name) ? [`${folder}/${name}`] : [])) : [];
    });
    expect(terms.length).toBeGreaterThan(100);
    expect(terms.filter((path) => !files.includes(path))).toEqual([]);
  });

  it('has a bill of materials of every package, and of no other', () => {
    const { components } = JSON.parse(readFileSync(join(root, 'ratchet/sbom.cdx.json'), 'utf8')) as Bill;
    const billed = components.map(
      ({ name, group, version }) => `${group === undefined ? '' : `${group}/`}${name}@${version}`,
    );
    const packages = matching(/\/node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/).map((path) => {
      const { name, version } = JSON.parse(readFileSync(join(root, path), 'utf8')) as { name: string; version: string };
      return `${name}@${version}`;
    });
    expect(packages.length).toBeGreaterThan(50);
    const own = (name: string): boolean => name.startsWith('@ratchet/');
    expect([...new Set(billed)].filter((name) => !own(name)).sort()).toEqual(
      [...new Set(packages)].filter((name) => !own(name)).sort(),
    );
  });

  it('says what it is', async () => {
    const { Labels: labels, Config: config } = JSON.parse(
      await podman('image', 'inspect', '--format', '{"Labels":{{json .Labels}},"Config":{{json .Config}}}', RATCHET),
    ) as { Labels: Record<string, string>; Config: { User: string; WorkingDir: string; Volumes?: object } };
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'Ratchet',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
    expect(config).toMatchObject({ User: '10001:10001', WorkingDir: '/ratchet' });
    expect(config.Volumes).toBeUndefined();
  });

  it('is no larger than it must be', async () => {
    const bytes = Number(await podman('image', 'inspect', '--format', '{{.Size}}', RATCHET));
    process.stdout.write(`The image has ${(bytes / 1e6).toFixed(0)} MB.\n`);
    expect(bytes).toBeLessThan(IMAGE_BYTES_MAX);
  });

  it('is the same when it is built again', async () => {
    const first = await podman('image', 'inspect', '--format', '{{.Digest}}', RATCHET);
    expect(await buildRatchet('localhost/ratchet/again')).toBe(first);
  });
});

describe('a container', () => {
  it.each(services.map(({ name }) => name))('of %s says which settings are missing, and ends with 78', async (name) => {
    const { code, stderr } = await ratchet([], `services/${name}/dist/main.js`);
    expect(stderr).toContain('RATCHET_KAFKA_BROKERS');
    expect(stderr).toContain('RATCHET_SCHEMA_REGISTRY_URL');
    expect(code).toBe(78);
  });

  it('of a user and a group that nobody knows, as OpenShift gives them, runs', async () => {
    const { code, stderr } = await ratchet(['--user=1000680000:0'], 'services/scheduler/dist/main.js');
    expect(stderr).toContain('RATCHET_KAFKA_BROKERS');
    expect(code).toBe(78);
  });

  it('runs as 10001, with no capability, and writes nothing but /tmp', async () => {
    const program = `
      const fs = require('node:fs');
      const tried = (path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
      const status = fs.readFileSync('/proc/self/status', 'utf8');
      const field = (name) => new RegExp(name + ':\\\\s+(\\\\S+)').exec(status)[1];
      console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), capabilities: field('CapEff'),
        bounding: field('CapBnd'), noNewPrivileges: field('NoNewPrivs'), root: tried('/x'), own: tried('/ratchet/x'), tmp: tried('/tmp/x') }));`;
    const { stdout } = await ratchet(['--read-only-tmpfs=false', '--tmpfs=/tmp'], '-e', program);
    expect(JSON.parse(stdout)).toEqual({
      uid: 10001,
      gid: 10001,
      capabilities: '0000000000000000',
      bounding: '0000000000000000',
      noNewPrivileges: '1',
      root: 'EROFS',
      own: 'EROFS',
      tmp: 'written',
    });
  });

  it('of whatever user may write to a new volume for the state', async () => {
    const volume = `ratchet-state-${randomBytes(4).toString('hex')}`;
    const program = `require('node:fs').writeFileSync('/var/lib/ratchet/state/x', '')`;
    try {
      const options = ['--user=10001:10001', `--volume=${volume}:/var/lib/ratchet/state`];
      const { code, stderr } = await ratchet(options, '-e', program);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    } finally {
      await podman('volume', 'rm', '--force', volume);
    }
  });

  it('that asks for more than its memory is told so by V8, and not killed by the kernel', async () => {
    const program = 'const kept = []; for (;;) kept.push(new Array(1e5).fill({}).map(() => ({ a: Math.random() })));';
    // As the smallest pod of the chart.
    const limits = ['--memory=512m', '--memory-swap=512m', '--env=NODE_OPTIONS=--max-old-space-size-percentage=70'];
    const { code, stderr } = await ratchet(limits, '-e', program);
    expect(stderr).toContain('JavaScript heap out of memory');
    expect(code).not.toBe(137);
  });

  it.each([0, 50, 150, 400, 1_000])('that is told to end %d ms after its start does so at once', async (afterMs) => {
    const name = `early-${afterMs}`;
    // a registry that never answers: without a signal it would go on
    const settings = [
      'RATCHET_KAFKA_BROKERS=127.0.0.1:1',
      'RATCHET_SCHEMA_REGISTRY_URL=http://127.0.0.1:2',
      'RATCHET_ENVIRONMENT=development',
    ];
    await podman(
      'run',
      '--detach',
      '--network=none',
      '--read-only',
      `--name=${name}`,
      ...settings.map((line) => `--env=${line}`),
      RATCHET,
    );
    try {
      await pause(afterMs);
      const begunAt = performance.now();
      await podman('stop', '--time=20', name);
      const code = Number(await podman('inspect', '--format', '{{.State.ExitCode}}', name));
      expect({ afterMs, code }).toEqual({ afterMs, code: expect.not.stringMatching('137') as unknown });
      expect(code).not.toBe(137);
      expect(performance.now() - begunAt).toBeLessThan(19_000);
    } finally {
      await podman('rm', '--force', '--time=0', name);
    }
  });
});
