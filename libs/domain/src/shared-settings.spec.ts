import { compareSettings, type SharedSettings } from './shared-settings.ts';

const settings = (more: Partial<SharedSettings>): SharedSettings => ({
  environment: 'production',
  partitions: 12,
  tokenKeys: ['old'],
  ...more,
});

test.each<{ what: string; recorded?: SharedSettings; own: SharedSettings; next: readonly string[] }>([
  { what: 'the first service records its own', own: settings({}), next: ['old'] },
  { what: 'the same ones change nothing', recorded: settings({}), own: settings({}), next: ['old'] },
  {
    what: 'a service without keys asks for none',
    recorded: settings({}),
    own: settings({ tokenKeys: [] }),
    next: ['old'],
  },
  {
    what: 'a service with keys tells them where there were none',
    recorded: settings({ tokenKeys: [] }),
    own: settings({}),
    next: ['old'],
  },
  {
    what: 'a key is added',
    recorded: settings({}),
    own: settings({ tokenKeys: ['new', 'old'] }),
    next: ['new', 'old'],
  },
  {
    what: 'a service that is restarted with the former set lives beside those of the next',
    recorded: settings({ tokenKeys: ['new', 'old'] }),
    own: settings({}),
    next: ['old'],
  },
  {
    what: 'a key is removed',
    recorded: settings({ tokenKeys: ['new', 'old'] }),
    own: settings({ tokenKeys: ['new'] }),
    next: ['new'],
  },
  {
    what: 'the order of keys says who signs, which each may decide',
    recorded: settings({ tokenKeys: ['new', 'old'] }),
    own: settings({ tokenKeys: ['old', 'new'] }),
    next: ['new', 'old'],
  },
])('$what', ({ recorded, own, next }) => {
  const comparison = compareSettings(recorded, own);
  expect(comparison).toEqual({ recorded: settings({ tokenKeys: next }) });
  const isUnchanged = next.join() === recorded?.tokenKeys.join();
  expect('recorded' in comparison && comparison.recorded === recorded).toBe(isUnchanged);
});

test.each<{ own: Partial<SharedSettings>; differences: readonly string[] }>([
  {
    own: { environment: 'development' },
    differences: ['RATCHET_ENVIRONMENT is development here and production there'],
  },
  { own: { partitions: 4 }, differences: ['RATCHET_PARTITIONS is 4 here and 12 there'] },
  {
    own: { partitions: 4, tokenKeys: ['other', 'another'] },
    differences: [
      'RATCHET_PARTITIONS is 4 here and 12 there',
      'RATCHET_TOKEN_SECRET and RATCHET_TOKEN_KEYS have no key in common (fingerprints here: other, another; there: old)',
    ],
  },
])('a service that differs is told wherein: $own', ({ own, differences }) => {
  expect(compareSettings(settings({}), settings(own))).toEqual({ differences });
});
