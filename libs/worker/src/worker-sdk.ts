import type { WorkerSdk } from '@ratchet/domain';

/** As a worker names itself where it asks for an attempt; the version is this package's. */
export const workerSdk: WorkerSdk = { name: 'ratchet-typescript', version: '0.1.0' };
