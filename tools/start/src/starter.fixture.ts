import { startRatchet, type StartRatchetOptions } from './start-ratchet.ts';

// Started by a test, which kills it with kill -9.
const ratchet = await startRatchet(JSON.parse(process.argv[2] ?? '{}') as StartRatchetOptions);
process.send?.(Object.values(ratchet.services).map(({ pid }) => pid));
