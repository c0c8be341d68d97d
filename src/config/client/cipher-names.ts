/** Translates names of cipher suites: from IANA's, which Java uses, to OpenSSL's. */
import { getCiphers } from 'node:tls';
import { nearestName } from '../../core/nearest-name.js';
import { quote, ValueFault } from '../keys/value-fault.js';

const KEY_EXCHANGES: Readonly<Record<string, string>> = {
  RSA: '',
  DHE_RSA: 'DHE-RSA-',
  DHE_DSS: 'DHE-DSS-',
  ECDHE_RSA: 'ECDHE-RSA-',
  ECDHE_ECDSA: 'ECDHE-ECDSA-',
  PSK: 'PSK-',
  ECDHE_PSK: 'ECDHE-PSK-',
  DHE_PSK: 'DHE-PSK-',
};

/** This suite needs a pre-shared key, which we never have, so only TLS 1.3 can be negotiated. */
const TLS13_ONLY = 'PSK-AES256-GCM-SHA384';

const SCSV = new Set(['TLS_EMPTY_RENEGOTIATION_INFO_SCSV', 'TLS_FALLBACK_SCSV']);

export function isTls13Suite(name: string): boolean {
  return /^TLS_(AES|CHACHA20)_/.test(name);
}

/** Undefined for a name that OpenSSL does not know. */
export function opensslCipher(iana: string): string | undefined {
  const match = /^(?:TLS|SSL)_(.+?)_WITH_(.+)$/.exec(iana);
  const exchange = KEY_EXCHANGES[match?.[1] ?? ''];
  if (match?.[2] === undefined || exchange === undefined) return undefined;
  const bulk = match[2]
    .replace(/^3DES_EDE_CBC_SHA$/, 'DES-CBC3-SHA')
    .replace(/^CHACHA20_POLY1305_SHA256$/, 'CHACHA20-POLY1305')
    .replace(/^(AES|CAMELLIA|ARIA)_(128|256)_/, '$1$2-')
    .replace(/-CBC_/, '-')
    .replaceAll('_', '-')
    .replace(/-CCM-8$/, '-CCM8');
  const name = `${exchange}${bulk}`;
  return KNOWN.has(name.toLowerCase()) ? name : undefined;
}

const KNOWN: ReadonlySet<string> = new Set(getCiphers());

export interface CipherList {
  /** The value for librdkafka; undefined when there is nothing to set. */
  readonly value: string | undefined;
  readonly notes: readonly string[];
}

/**
 * Combines Java's lists of suites and protocols into the one list that librdkafka takes, which applies to TLS
 * 1.2 and below. Throws ValueFault.
 */
export function cipherList(suites: string | undefined, tls13Only: boolean): CipherList {
  const names = (suites ?? '')
    .split(/[,:]/)
    .map((name) => name.trim())
    .filter((name) => name !== '' && !SCSV.has(name));
  const newer = names.filter(isTls13Suite);
  const older = names.filter((name) => !isTls13Suite(name)).map(translated);
  const notes: string[] = [];
  if (newer.length > 0) notes.push("librdkafka always offers every TLS 1.3 suite: they can't be restricted");
  if (tls13Only || (newer.length > 0 && older.length === 0))
    return { value: TLS13_ONLY, notes: ['only TLS 1.3 is used: no TLS 1.2 suite is offered', ...notes] };
  if (older.length > 0 && newer.length === 0) notes.push('applies to TLS 1.2; TLS 1.3 is offered as well');
  return { value: older.length === 0 ? undefined : older.join(':'), notes };
}

function translated(name: string): string {
  // Keywords of OpenSSL (HIGH, !aNULL, ECDHE-RSA-…) are passed to librdkafka unchanged.
  if (!/^(TLS|SSL)_/.test(name)) return name;
  const found = opensslCipher(name);
  if (found !== undefined) return found;
  const near = nearestName(name, COMMON);
  throw new ValueFault(
    `${quote(name)} is not a cipher suite of OpenSSL`,
    near === undefined ? 'remove it' : `did you mean ${near}?`,
  );
}

const COMMON: readonly string[] = ['ECDHE_ECDSA', 'ECDHE_RSA', 'DHE_RSA', 'RSA'].flatMap((exchange) =>
  [
    'AES_256_GCM_SHA384',
    'AES_128_GCM_SHA256',
    'CHACHA20_POLY1305_SHA256',
    'AES_256_CBC_SHA384',
    'AES_128_CBC_SHA256',
    'AES_256_CBC_SHA',
    'AES_128_CBC_SHA',
  ].map((bulk) => `TLS_${exchange}_WITH_${bulk}`),
);
