import { parentPort, workerData } from 'node:worker_threads';
import { describeServices } from './descriptors.ts';

// Describes the services that it is given, and ends.
parentPort?.postMessage(describeServices(workerData as readonly string[]));
