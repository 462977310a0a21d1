import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outcomeOf } from './command.ts';

/** What a broker that asks who comes is made with, and what its users need. */
export interface Secured {
  /** Of the broker's `server.properties`. */
  readonly properties: Readonly<Record<string, string>>;
  /** Arguments of Kafka's `StorageTool format`: the users. */
  readonly formatArguments: readonly string[];
  /** PEM of whom the broker is trusted by. */
  readonly caFile: string;
  readonly passwordFile: (user: string) => string;
}

/** May do everything; whoever else is named may do what rights say (none at first). */
export const securedAdmin = 'admin';
/** Who comes to a secured broker of Ratchet: each of the services, and one of each kind beside them. */
export const securedUsers: readonly string[] = [
  'scheduler',
  'timeout-tracker',
  'cancellation',
  'completion-gateway',
  'client',
  'worker',
  'producer',
].map((who) => `ratchet-${who}`);

const storePassword = 'ratchet';
const aliasOfBroker = 'broker';
const keytoolMsMax = 60_000;

/**
 * Certificate and users of a secured broker, made once for a folder: a certificate that is its own authority, and a
 * password for each user, in files that only their owner may read.
 *
 * @throws Error when keytool, which is part of Java, is missing or fails.
 */
export async function secure(folder: string, users: readonly string[]): Promise<Secured> {
  const own = join(folder, 'secured');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const [storeFile, caFile] = [join(own, 'broker.p12'), join(own, 'ca.pem')];
  const store = ['-keystore', storeFile, '-storepass', storePassword, '-alias', aliasOfBroker];
  if (!existsSync(storeFile))
    await keytool(
      '-genkeypair',
      ...store,
      ...'-storetype PKCS12 -keyalg EC -groupname secp256r1 -validity 3650'.split(' '),
      '-dname',
      'CN=localhost',
      '-ext',
      'san=dns:localhost,ip:127.0.0.1',
      '-ext',
      'bc=ca:true',
    );
  if (!existsSync(caFile)) await keytool('-exportcert', '-rfc', ...store, '-file', caFile);
  const passwordFile = (user: string): string => join(own, `${user}.password`);
  const passwords = [securedAdmin, ...users].map((user) => [user, passwordIn(passwordFile(user))] as const);
  return {
    caFile,
    passwordFile,
    formatArguments: passwords.flatMap(([user, password]) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${user},password=${password}]`,
      ]),
    ),
    properties: {
      'listener.name.secured.ssl.keystore.location': storeFile,
      'listener.name.secured.ssl.keystore.password': storePassword,
      'listener.name.secured.ssl.keystore.type': 'PKCS12',
      'listener.name.secured.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.secured.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords
        .map(([user, password]) => `user_${user}="${password}"`)
        .join(' ')};`,
      ...Object.fromEntries(
        ['256', '512'].map((bits) => [
          `listener.name.secured.scram-sha-${bits}.sasl.jaas.config`,
          'org.apache.kafka.common.security.scram.ScramLoginModule required;',
        ]),
      ),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // The brokers among themselves, and the registry, which come by the other listener.
      'super.users': `User:ANONYMOUS;User:${securedAdmin}`,
    },
  };
}

function passwordIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

async function keytool(...args: readonly string[]): Promise<void> {
  const { code, printed } = await outcomeOf('keytool', args, keytoolMsMax);
  if (code !== 0)
    throw new Error(
      `Expected to make the broker's certificate with Java's keytool, but: ${printed || 'there is none'}`,
    );
}
