import { lookup as resolve, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A URL or an address that may not be called: trying again would end the same way. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
}

/** The addresses of IPv6 that are given out for the public internet (RFC 4291). */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is one of the public internet: not loopback, private, link-local, multicast, reserved, or one of
 * IPv6 that stands for such a one of IPv4.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address that is mapped into IPv6 is judged as what it is.
  const judged = ipaddr.process(address);
  const isGivenOut = judged instanceof ipaddr.IPv4 || judged.match(globalUnicast);
  return isGivenOut && judged.range() === 'unicast';
}

/**
 * Why a URL may not be called, as far as can be said without asking anyone; a name is looked up when it is called.
 *
 * The parser of URLs writes every form of an IPv4 address (octal, one number, ...) as four decimal numbers.
 */
export function forbiddenReason(url: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(url)) return 'it is no URL';
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return 'it is neither https nor http';
  if (username !== '' || password !== '') return 'it has a user name or a password';
  if (allowPrivate) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return 'its host is this machine';
  return ipaddr.isValid(host) && !isPublicAddress(host) ? `its address ${host} is not public` : undefined;
}

/**
 * Looks a name up for a connection that is being made, and gives only public addresses: what was checked is what is
 * connected to, whatever the name means a moment later.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '');
      return;
    }
    const allowed = addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = allowed;
    if (first === undefined) callback(forbidden(hostname, addresses), '');
    else if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};

const forbidden = (hostname: string, addresses: readonly LookupAddress[]): ForbiddenAddressError =>
  new ForbiddenAddressError(
    `Expected to call a public address, but ${hostname} is ${addresses.map(({ address }) => address).join(', ')}`,
  );
