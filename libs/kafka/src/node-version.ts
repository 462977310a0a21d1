import process from 'node:process';

/** As `engines` of every package says: from here on `require` takes ES modules, and a process has every class once. */
const [majorMin, minorMin] = [22, 12];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < majorMin || (major === majorMin && minor < minorMin)) {
  throw new Error(
    `Expected to run on Node ${String(majorMin)}.${String(minorMin)} or newer, but this is ${process.version}: Ratchet's libraries cannot run on it`,
  );
}
