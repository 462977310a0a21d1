export { prepareContainers as default } from '../../tools/deploy/src/prepare-containers.ts';
