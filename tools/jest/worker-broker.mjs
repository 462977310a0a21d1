// Names the broker and the registry of this Jest worker (`libs/testing/src/test-broker.ts`) in the environment of its tests.
const { JEST_WORKER_ID, RATCHET_TEST_BROKERS = '[]' } = process.env;
Object.assign(process.env, JSON.parse(RATCHET_TEST_BROKERS)[Number(JEST_WORKER_ID) - 1]);
