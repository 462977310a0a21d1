// node deploy/image.mjs <root of the image>: lays out the root file system of the image, from a workspace that is built and has the
// packages of production installed. What it lays out depends on nothing but that: no dates, no names of machines.
//
//   usr/bin/node, lib/...     Node, and the shared libraries that it and native packages are linked with
//   ratchet/                  programs (JavaScript and its source maps) and packages of the four services; sbom.cdx.json
//   etc/passwd, etc/group     the user that runs it, 10001
//   tmp/                      the only folder that may be written, but for
//   var/lib/ratchet/state/    where a volume for the scheduler's state belongs: a new one is as this is, for whoever runs it to write
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const SERVICES = ['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'];
const LIBS = ['domain', 'schemas', 'kafka', 'protocol', 'store', 'service-kit'];
const USER = 10001;
/** Of packages: what only compilers, people and debuggers of other people's code read. */
const NOT_RUN =
  /\.(?:spec|test|fixture)\.[cm]?js$|\.(?:[cm]?ts|map|md|markdown|tsbuildinfo|flow)$|\/(?:tsconfig[^/]*\.json|\.[^/]+)$/i;
/**
 * Whole folders: types, Node, which is beside them already, a compiler that a plug-in of @nestjs/swagger would want in a build, and
 * what those who make a package keep in it for themselves (.github, .bin).
 */
const NOT_RUN_FOLDERS = /\/node_modules\/(?:@types|node-linux-[^/]+|typescript)$|\/\.[^/]+$/;

const [root = ''] = process.argv.slice(2);
if (root === '') throw new Error('Expected the root of the image as the first argument, but there is none');
const app = join(root, 'ratchet');

function packages() {
  // a link to a package of this workspace that no service needs would lead nowhere
  const isUnused = (path) => /\/node_modules\/@ratchet\/[^/]+$/.test(path) && !isNeeded(realpathSync(path));
  const isNeeded = (path) => LIBS.some((lib) => path.endsWith(`/libs/${lib}`));
  cpSync('node_modules', join(app, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => {
      const named = `/${path}`;
      return lstatSync(path).isDirectory()
        ? !NOT_RUN_FOLDERS.test(named)
        : !NOT_RUN.test(named) && !isUnused(named.slice(1));
    },
  });
}

function programs() {
  const folders = [...LIBS.map((lib) => `libs/${lib}`), ...SERVICES.map((service) => `services/${service}`)];
  const files = folders.flatMap((folder) => [
    `${folder}/package.json`,
    ...globSync(`${folder}/dist/**/*.{js,js.map,json}`, { exclude: (name) => name === 'cjs' }).filter(
      (path) => !/\.(?:spec|fixture|arbitrary)\.js/.test(path),
    ),
  ]);
  for (const file of ['package.json', 'LICENSE', ...files]) {
    mkdirSync(dirname(join(app, file)), { recursive: true });
    copyFileSync(file, join(app, file));
  }
}

/**
 * What packages are in it, without the time and the number that would make each one another. npm's own choice would leave out those
 * that something else needs for its development, too, and name those of other platforms.
 */
function billOfMaterials() {
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const printed = execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const { serialNumber: _number, metadata, components, dependencies, ...bill } = JSON.parse(printed);
  const { timestamp: _time, component, ...kept } = metadata;
  const installed = installedPackages();
  const isIn = (ref) => installed.has(ref);
  const whole = {
    ...bill,
    metadata: { ...kept, component: whollyNamed(component) },
    components: components.filter((each) => isIn(each['bom-ref'])).map(whollyNamed),
    dependencies: dependencies
      .filter(({ ref }) => isIn(ref) || ref === component['bom-ref'])
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isIn) })),
  };
  writeFileSync(join(app, 'sbom.cdx.json'), `${JSON.stringify(whole, undefined, 1)}\n`);
}

/** Of a package of this workspace npm names the folder; and whatever is in it is there to run. */
const whollyNamed = ({ properties: _properties, ...component }) => ({
  ...component,
  name: component['bom-ref'].slice(0, component['bom-ref'].lastIndexOf('@')),
});

/** As `name@version`. */
function installedPackages() {
  const manifests = globSync(['node_modules/**/package.json', '{libs,services}/*/package.json'], { cwd: app }).filter(
    (path) => /^(?:libs|services)\/|(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path),
  );
  return new Set(
    manifests.map((path) => {
      const { name, version } = JSON.parse(readFileSync(join(app, path), 'utf8'));
      return `${name}@${version}`;
    }),
  );
}

function node() {
  const program = join(root, 'usr/bin/node');
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync(process.execPath, program);
  chmodSync(program, 0o755);
  const linked = [process.execPath, ...globSync(join(app, 'node_modules/**/*.node'))].flatMap((file) =>
    [...execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path),
  );
  // names are looked up by these, which nothing is linked with
  const lookedUp = globSync('/lib/*-linux-gnu/{libresolv.so.2,libnss_dns.so.2,libnss_files.so.2}');
  for (const library of new Set([...linked, ...lookedUp])) {
    const place = join(root, library);
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(realpathSync(library), place);
    chmodSync(place, 0o755);
  }
}

function system() {
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), `ratchet:x:${USER}:${USER}::/ratchet:/nonexistent\n`);
  writeFileSync(join(root, 'etc/group'), `ratchet:x:${USER}:\n`);
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  for (const folder of ['tmp', 'var/lib/ratchet/state']) {
    mkdirSync(join(root, folder), { recursive: true });
    chmodSync(join(root, folder), 0o1777);
  }
}

/** The same date for everything, so that the same files make the same image. */
function datesOf(seconds) {
  for (const path of globSync('**/*', { cwd: root, withFileTypes: false }))
    lutimesSync(join(root, path), seconds, seconds);
  lutimesSync(root, seconds, seconds);
}

rmSync(root, { recursive: true, force: true });
mkdirSync(app, { recursive: true });
packages();
programs();
billOfMaterials();
node();
system();
datesOf(Number(process.env.SOURCE_DATE_EPOCH ?? 0));
