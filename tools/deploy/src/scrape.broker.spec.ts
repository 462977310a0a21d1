import { namedAddresses } from '@ratchet/tools-kafka';
import { startRatchet, type RunningRatchet } from '@ratchet/tools-start';
import { missingMetrics } from './alerts.ts';
import { ROOT } from './chart.ts';

const kafka = namedAddresses(process.env);
if (kafka === undefined) throw new Error('Expected a broker, but there is none: run "npm run test:broker"');

let ratchet: RunningRatchet;
let scrapes: readonly string[];
beforeAll(async () => {
  ratchet = await startRatchet({ kafka, serviceEnv: { RATCHET_SESSION_TIMEOUT_MS: '2000' } });
  scrapes = await Promise.all(
    Object.values(ratchet.services).map(async ({ healthUrl }) => (await fetch(new URL('/metrics', healthUrl))).text()),
  );
});
afterAll(() => ratchet.stop());

test('every metric that an alert or a dashboard asks for is in a scrape of the four services', () => {
  expect(scrapes).toHaveLength(4);
  expect(missingMetrics(ROOT, scrapes)).toEqual([]);
});

/** Alerts ask for what these services say of partitions: how many there must be, and what each is at. */
test.each(['scheduler', 'timeout-tracker', 'cancellation'])('%s says that it runs all its partitions', (service) => {
  const scrape = scrapes.find((text) => text.includes(`ratchet_partitions{service="${service}"}`)) ?? '';
  const valueOf = (name: string): string | undefined =>
    new RegExp(`^${name}\\{service="${service}"\\} (\\S+)$`, 'm').exec(scrape)?.[1];
  const running = scrape.match(/^ratchet_partition_phase\{partition="\d+",phase="running",.*\} 1$/gm);
  expect([valueOf('ratchet_partitions'), valueOf('ratchet_partitions_owned'), running?.length]).toEqual(['4', '4', 4]);
  expect(Number(valueOf('ratchet_heap_limit_bytes'))).toBeGreaterThan(Number(valueOf('nodejs_heap_size_used_bytes')));
});
