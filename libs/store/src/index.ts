export { DiskStore, storesIn, type DiskStoreParts } from './disk-store.ts';
