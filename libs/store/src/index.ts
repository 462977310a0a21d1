export { DiskStore, type DiskStoreParts } from './disk-store.ts';
