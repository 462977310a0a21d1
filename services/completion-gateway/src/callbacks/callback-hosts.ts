import { lookup as resolve, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { hostPattern, isHostIn } from '@ratchet/service-kit';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** A URL or an address that may not be called: trying again would end the same way. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
}

/** Where callbacks may go. */
export interface CallbackHost {
  /** Absent: by either. */
  readonly scheme?: 'http:' | 'https:';
  /** An address, a name, all names below one (`*.example.com`), or `*`: every one on the public internet. */
  readonly host: string;
  /** Absent: any. */
  readonly port?: string;
}

/**
 * How far a callback may reach. `public`: the addresses of the public internet. `inside`: those of private networks and
 * of this machine, too, since the receiver is named.
 */
export type Reach = 'public' | 'inside';

const written = /^(?:(https?:)\/\/)?(\*|\[[\da-f:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?$/i;

/** `https://*`, `*.internal:8443`, `http://10.0.0.1`, `[fd00::7]`, several separated by commas. */
export const callbackHosts: z.ZodType<readonly CallbackHost[], string> = z.string().transform((text, context) =>
  text.split(',').map((entry) => {
    const host = hostIn(entry.trim());
    if (host !== undefined) return host;
    context.addIssue({ code: 'custom', message: 'it is no host' });
    return z.NEVER;
  }),
);

function hostIn(entry: string): CallbackHost | undefined {
  const [, scheme, host = '', port] = written.exec(entry) ?? [];
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (name !== '*' && !hostPattern.test(name) && isIP(name) === 0) return undefined;
  return {
    host: isIP(name) === 0 ? name : ipaddr.parse(name).toString(),
    ...(scheme === undefined ? {} : { scheme: scheme.toLowerCase() as 'http:' | 'https:' }),
    ...(port === undefined ? {} : { port }),
  };
}

/**
 * Whether a URL may be called, as far as can be said without asking anyone; a name is looked up when it is called.
 *
 * The parser of URLs writes every form of an IPv4 address (octal, one number, ...) as four decimal numbers.
 *
 * @returns how far the call may reach. @throws ForbiddenAddressError that says why not.
 */
export function reachOfUrl(url: string, hosts: readonly CallbackHost[]): Reach {
  const called = calledIn(url);
  const allowing = hosts.filter((allowed) => isAllowing(allowed, called));
  if (allowing.length === 0) {
    throw new ForbiddenAddressError(
      `RATCHET_CALLBACK_HOSTS does not allow ${called.scheme}//${called.host}:${called.port}`,
    );
  }
  const reach = allowing.some((allowed) => allowed.host !== '*') ? 'inside' : 'public';
  const { host } = called;
  if (reach === 'public' && (host === 'localhost' || host.endsWith('.localhost'))) {
    throw new ForbiddenAddressError('its host is this machine');
  }
  if (isIP(host) !== 0 && !isWithin(host, reach))
    throw new ForbiddenAddressError(`its address ${host} is ${why(reach)}`);
  return reach;
}

function calledIn(url: string): Required<CallbackHost> {
  if (!URL.canParse(url)) throw new ForbiddenAddressError('it is no URL');
  const { protocol: scheme, username, password, hostname, port } = new URL(url);
  if (scheme !== 'https:' && scheme !== 'http:') throw new ForbiddenAddressError('it is neither https nor http');
  if (username !== '' || password !== '') throw new ForbiddenAddressError('it has a user name or a password');
  return { scheme, host: plainHost(hostname), port: port === '' ? usualPort[scheme] : port };
}

const isAllowing = (allowed: CallbackHost, { scheme, host, port }: Required<CallbackHost>): boolean =>
  (allowed.scheme ?? scheme) === scheme &&
  (allowed.port ?? port) === port &&
  (allowed.host === '*' || isHostIn(host, [allowed.host]));

const usualPort = { 'https:': '443', 'http:': '80' } as const;

const plainHost = (hostname: string): string => {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isIP(host) === 0 ? host : ipaddr.parse(host).toString();
};

/** The addresses of IPv6 that are given out for the public internet (RFC 4291). */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** What is inside: reached where the receiver is named, and not otherwise. */
const insideRanges: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Where clouds hand out credentials to whoever asks from a machine of theirs: never a receiver, whatever is allowed. The
 * best known, 169.254.169.254, is link-local, as are most; no address of that kind may be called.
 */
const cloudMetadata = [
  // Azure, whose address looks public; Alibaba Cloud; Oracle's former one; AWS and Google Cloud by IPv6.
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd20:ce::/32',
].map((range) => ipaddr.parseCIDR(range));

/**
 * Whether an address may be called: never link-local, multicast, reserved or unspecified ones, those of a cloud's metadata,
 * and those of IPv6 that stand for one of IPv4 by a translation.
 */
export function isWithin(address: string, reach: Reach): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address that is mapped into IPv6 is judged as what it is.
  const judged = ipaddr.process(address);
  if (cloudMetadata.some(([of, bits]) => of.kind() === judged.kind() && judged.match([of, bits] as never)))
    return false;
  const range = judged.range();
  if (reach === 'inside' && insideRanges.has(range)) return true;
  return range === 'unicast' && (judged instanceof ipaddr.IPv4 || judged.match(globalUnicast));
}

/**
 * Looks a name up for a connection that is being made, and gives only addresses within reach: what was checked is what is
 * connected to, whatever the name means a moment later.
 */
export const lookupWithin =
  (reach: Reach): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const allowed = addresses.filter(({ address }) => isWithin(address, reach));
      const [first] = allowed;
      if (first === undefined) callback(forbidden(hostname, addresses, reach), '');
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };

const why = (reach: Reach): string =>
  reach === 'public' ? 'not public, and RATCHET_CALLBACK_HOSTS does not name it' : 'none that may ever be called';

const forbidden = (hostname: string, addresses: readonly LookupAddress[], reach: Reach): ForbiddenAddressError =>
  new ForbiddenAddressError(
    `Expected to call ${hostname}, but ${addresses.map(({ address }) => address).join(', ')} is ${why(reach)}`,
  );
