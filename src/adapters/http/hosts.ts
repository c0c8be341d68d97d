/**
 * Under which names a server answers. A page elsewhere can have its own name lead to this address (DNS
 * rebinding) and read what the browser's user can reach; the Host header then still has that name.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../../core/network/loopback.js';

const HOST_LENGTH_MAX = 300;

/** A host and its port, `[::1]:8080`; the host in lower case and without brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly port: string;
}

/** Undefined if the text is not a host with an optional port. */
export function parseHost(text: string | undefined): HostAndPort | undefined {
  if (text === undefined || text.length > HOST_LENGTH_MAX) return undefined;
  const match = /^(?:\[([\da-f:.]+)\]|([a-z\d_.-]+))(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, port = ''] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  // The dot at the end of a name says that it is complete.
  return { host: (bracketed ?? plain ?? '').toLowerCase().replace(/\.$/, ''), port };
}

/** Names, and `*.example.com` for all names below one. */
export function namesCheck(allowed: readonly string[]): (host: string) => boolean {
  const entries = allowed.map((name) => name.toLowerCase());
  const names = new Set(entries.map((name) => name.replace(/^\[(.*)\]$/, '$1')));
  const suffixes = entries.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (host) => names.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
}

/**
 * Bound to loopback: loopback's names. Bound elsewhere: also the names of this host, and every address in
 * numbers, as Kubernetes probes and Prometheus ask: a page under such an address comes from that address.
 */
export function isOwnName(host: string, address: string): boolean {
  if (isLoopback(host)) return true;
  if (isLoopback(address)) return false;
  const own = hostname().toLowerCase();
  return isIP(host) !== 0 || [address.toLowerCase(), own, own.split('.')[0]].includes(host);
}
