import type { Handlers } from '../handler.ts';

/** The version of the reference whose rules are kept. */
export const serverVersion = '1.32.0';

export const clusterName = 'ratchet';

/** What is the same for everyone. Every capability is said exactly where it is true (semantics section 3.2). */
export const clusterHandlers: Handlers<'getSystemInfo' | 'getClusterInfo'> = {
  getSystemInfo: () => ({
    serverVersion,
    capabilities: {
      internalErrorDifferentiation: true,
      activityFailureIncludeHeartbeat: true,
      encodedFailureAttributes: true,
      sdkMetadata: true,
    },
  }),

  getClusterInfo: () => ({
    serverVersion,
    clusterName,
    persistenceStore: 'kafka',
    supportedClients: {},
    versionInfo: { current: { version: serverVersion } },
  }),
};
