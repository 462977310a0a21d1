import type { SettingsChanges } from './live-config.ts';
import { tokenKeyRing, type TokenKeySetting } from './settings.ts';

type Keys = readonly TokenKeySetting[];

/** What signs takes the keys that the settings change to, and the cluster's own record of them follows. */
export function followTokenKeys(
  changes: SettingsChanges<Parameters<typeof tokenKeyRing>[0]>,
  signer: { prepare(keys: Keys): () => void },
  cluster: { recordTokenKeys(keys: Keys): void },
): void {
  changes.onChange((changed) => {
    const keys = tokenKeyRing(changed);
    const take = signer.prepare(keys);
    return () => {
      take();
      cluster.recordTokenKeys(keys);
    };
  });
}
