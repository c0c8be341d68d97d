/** Who may ask what: methods, names of this host, other sites' pages, and the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type HostAndPort, isOwnName, namesCheck, parseHost } from './hosts.js';
import { type Answer, json, type Route } from './routes.js';

export interface Access {
  /** The address that the server listens on. */
  readonly address: string;
  /** `Authorization: Bearer TOKEN`; undefined: nobody needs one. */
  readonly token: string | undefined;
  /** Further names under which the server may be asked. */
  readonly allowedHosts: readonly string[];
}

interface Asked {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The answer that refuses a request; undefined: it may pass. */
export type Guard = (asked: Asked, route: Route | undefined) => Answer | undefined;

const ONE_OF_US = 'set server.allowed-hosts to the names under which this server is asked';

export function createGuard({ address, token, allowedHosts }: Access): Guard {
  const isAllowed = namesCheck(allowedHosts);
  const isOurs = (host: string): boolean => isAllowed(host) || isOwnName(host, address);
  const hasToken = token === undefined ? () => true : tokenCheck(token);
  return ({ method, headers }, route) => {
    if (method !== 'GET' && method !== 'HEAD')
      return { ...json({ error: 'only GET is served here' }, 405), headers: { allow: 'GET, HEAD' } };
    if (route?.access === 'probe') return undefined;
    const host = parseHost(headers.host);
    if (host === undefined || !isOurs(host.host))
      return json({ error: 'this server does not answer under that Host', remedy: ONE_OF_US }, 403);
    if (isFromElsewhere(headers, host, isAllowed))
      return json({ error: 'pages of other sites may not ask here', remedy: ONE_OF_US }, 403);
    if (route?.access === 'shell' || hasToken(headers.authorization)) return undefined;
    return {
      ...json({ error: 'a token is needed: Authorization: Bearer, with the value of server.token' }, 401),
      headers: { 'www-authenticate': 'Bearer realm="kafka-dispatcher"' },
    };
  };
}

/** Only browsers send these headers. A link from elsewhere that a person follows is fine. */
function isFromElsewhere(
  headers: IncomingHttpHeaders,
  asked: HostAndPort,
  isAllowed: (host: string) => boolean,
): boolean {
  const { origin } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, asked, isAllowed)) return true;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}

/** A proxy in front may speak TLS, and ask under another name than the browser. */
function isOwnOrigin(origin: string, asked: HostAndPort, isAllowed: (host: string) => boolean): boolean {
  const match = /^https?:\/\/(.+)$/i.exec(origin);
  const from = parseHost(match?.[1]);
  if (from === undefined) return false;
  return from.host === asked.host ? from.port === asked.port : isAllowed(from.host);
}

/** Digests have one length, so the time of the comparison tells nothing about the token. */
function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return (authorization) => {
    const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    return timingSafeEqual(digest(given ?? ''), expected);
  };
}
