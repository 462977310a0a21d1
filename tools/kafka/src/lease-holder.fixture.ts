import { leasePort } from './ports.ts';

// Started by a test, which kills it with kill -9.
const { port } = await leasePort();
process.send?.(port);
