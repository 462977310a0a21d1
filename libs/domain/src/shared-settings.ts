/** What all services of a cluster must have alike. */
export interface SharedSettings {
  readonly environment: string;
  readonly partitions: number;
  /** Fingerprints of the keys that sign and verify task tokens; empty for a service that has none. */
  readonly tokenKeys: readonly string[];
}

/** What a service that starts finds: what is recorded from now on, or wherein it differs. */
export type SettingsComparison = { readonly recorded: SharedSettings } | { readonly differences: readonly string[] };

/**
 * Compares the settings of a service that starts with what those before it have recorded.
 *
 * Keys are changed while services run, one service after the other. So two sets of keys may live together as long as
 * one key is in both, and the set of the service that started last is the one that the next is compared with.
 *
 * @param recorded `undefined` where no service has started yet.
 * @returns `recorded` itself when the service brings nothing new.
 */
export function compareSettings(recorded: SharedSettings | undefined, own: SharedSettings): SettingsComparison {
  if (recorded === undefined) return { recorded: own };
  const differences = [
    ...difference('RATCHET_ENVIRONMENT', own.environment, recorded.environment),
    ...difference('RATCHET_PARTITIONS', own.partitions, recorded.partitions),
    ...keyDifference(own.tokenKeys, recorded.tokenKeys),
  ];
  if (differences.length > 0) return { differences };
  return isNewKeySet(own.tokenKeys, recorded.tokenKeys)
    ? { recorded: { ...recorded, tokenKeys: own.tokenKeys } }
    : { recorded };
}

const difference = (variable: string, own: string | number, recorded: string | number): readonly string[] =>
  own === recorded ? [] : [`${variable} is ${String(own)} here and ${String(recorded)} there`];

function keyDifference(own: readonly string[], recorded: readonly string[]): readonly string[] {
  const haveNoneInCommon = own.length > 0 && recorded.length > 0 && !own.some((key) => recorded.includes(key));
  return haveNoneInCommon
    ? [
        'RATCHET_TOKEN_SECRET and RATCHET_TOKEN_KEYS have no key in common ' +
          `(fingerprints here: ${own.join(', ')}; there: ${recorded.join(', ')})`,
      ]
    : [];
}

const isNewKeySet = (own: readonly string[], recorded: readonly string[]): boolean =>
  own.length > 0 && (own.length !== recorded.length || own.some((key) => !recorded.includes(key)));
