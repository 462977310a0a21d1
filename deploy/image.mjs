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
  readdirSync,
  realpathSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const SERVICES = ['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'];
const LIBS = ['domain', 'schemas', 'kafka', 'protocol', 'store', 'service-kit'];
const USER = 10001;
/** What is run, and what runs reads: all else in packages is for compilers, people and debuggers of other people's code. */
const RUN = /\.(?:[cm]?js|json|node|wasm|proto|css|html|png)$/;
const NOT_RUN = /\.(?:spec|test|fixture)\.[cm]?js$|\/(?:tsconfig[^/]*\.json|\.[^/]+)$/i;
/** Under which terms a package may be passed on, and by whom it is. */
const TERMS = /\/(?:[\w.-]*licen[cs]e|notice|copying|copyright|authors|patents|third-?party-?notice)[\w.-]*$/i;
/**
 * Whole folders: types, Node, which is beside them already, a compiler that a plug-in of @nestjs/swagger would want in a build, and
 * what those who make a package keep in it for themselves (.github, .bin).
 */
const NOT_RUN_FOLDERS = /\/node_modules\/(?:@types|node-linux-[^/]+|typescript)$|\/\.[^/]+$/;
/** Those that are run in few packages only: there, what is run asks for them. */
const ASIDE =
  /\/(?:tests?|__tests__|__mocks__|__snapshots__|specs?|fixtures?|examples?|bench|benchmarks?|docs?|man|src)$/;

const PACKAGE = /\/node_modules\/(?:@[^/]+\/)?[^/@][^/]*$/;

const [root = ''] = process.argv.slice(2);
if (root === '') throw new Error('Expected the root of the image as the first argument, but there is none');
const app = join(root, 'ratchet');

function packages() {
  // a link to a package of this workspace that no service needs would lead nowhere
  const isUnused = (path) => /\/node_modules\/@ratchet\/[^/]+$/.test(path) && !isNeeded(realpathSync(path));
  const isNeeded = (path) => LIBS.some((lib) => path.endsWith(`/libs/${lib}`));
  const aside = globSync('node_modules/**/package.json')
    .map(dirname)
    .filter((path) => PACKAGE.test(`/${path}`) && !NOT_RUN_FOLDERS.test(`/${path}`))
    .flatMap(foldersNotRun);
  cpSync('node_modules', join(app, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => {
      const named = `/${path}`;
      return lstatSync(path).isDirectory()
        ? !NOT_RUN_FOLDERS.test(named) && !aside.includes(path)
        : TERMS.test(named) || (RUN.test(named) && !NOT_RUN.test(named)) || (isLink(path) && !isUnused(path));
    },
  });
}

/** Removes folders in which nothing was left. */
function removeEmptyFolders() {
  const folders = globSync('node_modules/**/', { cwd: app }).sort().reverse();
  for (const folder of folders) if (readdirSync(join(app, folder)).length === 0) rmdirSync(join(app, folder));
}

const isLink = (path) => lstatSync(path).isSymbolicLink();

/** A folder is asked for by a file that is run and lies outside of it: by what the manifest names, and what that imports. */
function foldersNotRun(folder) {
  const paths = globSync('**/*', { cwd: folder, exclude: (name) => name === 'node_modules' });
  const found = new Set(paths.filter((path) => ASIDE.test(`/${path}`)));
  if (found.size === 0) return [];
  const foldersOf = (path) => path.split('/').map((_, index, names) => names.slice(0, index).join('/'));
  const wanted = new Set();
  const isRun = (path) => foldersOf(path).every((each) => !found.has(each) || wanted.has(each));
  const want = (path) => foldersOf(`${path}/`).forEach((each) => found.has(each) && wanted.add(each));
  const { main, module, bin, exports, imports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const [, path] of JSON.stringify([main, module, bin, imports]).matchAll(/"(?:\.\/)?([^"]+)"/g)) want(path);
  // What else is offered there is for those who test with it.
  for (const [, path] of JSON.stringify([exports]).matchAll(/"\.\/(src\/[^"]+)"/g)) want(path);
  const programs = paths.filter((path) => /\.[cm]?js$/.test(path));
  for (let before = -1; wanted.size > before;) {
    before = wanted.size;
    for (const file of programs.filter(isRun)) {
      const text = readFileSync(join(folder, file), 'utf8');
      for (const [, path] of text.matchAll(/(?:\brequire\(|\bfrom|\bimport\(?)\s*['"](\.{1,2}(?:\/[^'"]*)?)['"]/g))
        want(join(dirname(file), path));
    }
  }
  return [...found].filter((each) => !wanted.has(each)).map((each) => join(folder, each));
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
    (path) => /^(?:libs|services)\//.test(path) || PACKAGE.test(`/${dirname(path)}`),
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
removeEmptyFolders();
programs();
billOfMaterials();
node();
system();
datesOf(Number(process.env.SOURCE_DATE_EPOCH ?? 0));
