import { bringImages, buildRatchet, RATCHET } from './images.ts';
import { podman, preparePodman } from './podman.ts';

/** Before all tests of `npm run deploy:containers`: podman, the images beside ours, and ours (or the one that RATCHET_IMAGE names). */
export async function prepareContainers(): Promise<void> {
  const log = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  preparePodman();
  await podman('pod', 'rm', '--all', '--force', '--time=0');
  await podman('rm', '--all', '--force', '--time=0');
  await bringImages(log);
  const given = process.env['RATCHET_IMAGE'];
  if (given === undefined) {
    log('Building the image of deploy/Dockerfile ...');
    await buildRatchet(RATCHET);
  } else await podman('tag', given, RATCHET);
}
