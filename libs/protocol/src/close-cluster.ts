import { after } from './after.ts';
import type { Cluster } from './connect-cluster.ts';

/** How long a client or worker takes to disconnect, at most. */
const closeMsMax = 15_000;

/**
 * Closes what was made of a cluster, all at once, and then the cluster. Never rejects.
 *
 * To leave a group, to commit or to send what is left takes a broker. What has not happened after 15 s is given up and
 * cut off, and the log says so: a group notices by itself who is gone, and what was not committed comes again.
 */
export async function closeCluster(
  cluster: Pick<Cluster, 'close'> & { readonly connection: Pick<Cluster['connection'], 'log'> },
  closings: readonly (() => Promise<void>)[],
): Promise<void> {
  const warn = (reason: string): void => {
    cluster.connection.log('warn', `disconnecting: ${reason}`);
  };
  const closing = closings.map(async (each) => {
    try {
      await each();
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
  });
  const late = Promise.withResolvers<undefined>();
  const end = after(closeMsMax, () => {
    warn(`no broker has answered for ${String(closeMsMax / 1000)} s, so what is left is cut off`);
    late.resolve(undefined);
  });
  await Promise.race([Promise.all(closing), late.promise]);
  end();
  await cluster.close();
}
