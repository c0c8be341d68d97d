/**
 * Lists the whole configuration that librdkafka gets: each name with its value, its origin and the reason.
 * Masks secrets.
 */

import { X509Certificate } from 'node:crypto';
import type { ClientSide } from '../../core/client-side.js';
import { canonicalName } from '../../kafka/properties/names.js';
import { FIXED_PROPERTIES } from '../../kafka/properties/owned.js';
import { isSecretName, MASK, maskUserInfo } from '../../secrets/names.js';
import { JAVA_ROWS, javaRow } from '../java/java-table.js';
import type { ResolvedConfig } from '../keys/resolved.js';
import type { Loaded } from '../load.js';
import { formatOrigin } from '../text/problem.js';

export interface ExplainedProperty {
  readonly name: string;
  readonly value: string;
  /** `kd.yml:12:5`, `--set`, `default`, `ours`. */
  readonly origin: string;
  /** The key that was written, if it is not the property itself. */
  readonly key: string | null;
  readonly explanation: string;
}

export function explainClient(
  side: ClientSide,
  config: ResolvedConfig,
  loaded: Loaded,
): readonly ExplainedProperty[] {
  const { properties, origins } = config[side];
  const entries = loaded.details.clients[side];
  const rows: ExplainedProperty[] = ours(side, config).map(([name, value, explanation, path]) => ({
    name,
    value,
    origin: 'ours',
    key: null,
    explanation,
    ...(path === undefined ? {} : writtenOf(path, loaded)),
  }));
  for (const [name, value] of properties) {
    const entry = entries.get(name);
    const origin = origins.get(name);
    rows.push({
      name,
      value: shown(name, value, entry?.secret === true),
      origin: entry === undefined ? 'default' : formatOrigin(entry.origin),
      key: entry === undefined || entry.origin.kind === 'default' ? null : entry.key,
      explanation: [origin?.note.replace(/^default: /, '') ?? '', explanationOf(name, origin?.note ?? '')]
        .filter((text) => text !== '')
        .join('; '),
    });
  }
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where a key of kd was written, also under its Java name; undefined when it is a default. */
function writtenOf(
  path: string,
  { details: { settings, merged } }: Loaded,
): Pick<ExplainedProperty, 'origin' | 'key'> | undefined {
  if (!settings.isSet(path)) return undefined;
  return { origin: formatOrigin(settings.origin(path)), key: merged.fields.get(path)?.key ?? path };
}

/** The table's note about the name itself, or about the Java name that became it. */
function explanationOf(name: string, note: string): string {
  if (note.startsWith('default: ')) return '';
  const written = /^from ([a-z0-9.]+)/.exec(note)?.[1];
  const row =
    (written === undefined ? undefined : javaRow(written)) ??
    javaRow(name) ??
    JAVA_ROWS.find(([java]) => canonicalName(java) === canonicalName(name));
  const doc = row?.[3] ?? '';
  return /^unchanged$/.test(doc) ? '' : doc.replace(/^unchanged[;:] /, '');
}

function shown(name: string, value: string, secret: boolean): string {
  if (name === 'ssl.ca.pem' || name === 'ssl.certificate.pem' || name === 'https.ca.pem')
    return certificatesIn(value);
  return secret || isSecretName(name) ? MASK : maskUserInfo(value);
}

function certificatesIn(pem: string): string {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const digests = found.slice(0, SHOWN_MAX).map((text) => fingerprintOf(text));
  const more = found.length > SHOWN_MAX ? ', …' : '';
  return (
    `${found.length} ${found.length === 1 ? 'certificate' : 'certificates'}, sha256 ` +
    `${digests.join(', ')}${more}`
  );
}

/** Listing a whole CA bundle would hide everything else. */
const SHOWN_MAX = 3;
const DIGEST_CHARACTERS = 16;

function fingerprintOf(pem: string): string {
  try {
    const digest = new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
    return `${digest.slice(0, DIGEST_CHARACTERS)}…`;
  } catch {
    return 'unreadable';
  }
}

/** `path`: the key of kd that decides the property. */
type Owned = readonly [name: string, value: string, why: string, path?: string];

/**
 * Properties that kd sets on top of the user's. client-config.ts sets those that follow from keys, and a test
 * compares the two; the others come from one shared table.
 */
export function ours(side: ClientSide, config: ResolvedConfig): readonly Owned[] {
  // The place of the written key, on this side or for both.
  const serversKey = config[side].origins.get('bootstrap.servers')?.key ?? 'kafka.bootstrap-servers';
  const servers: Owned = [
    'bootstrap.servers',
    config[side].bootstrapServers.join(','),
    serversKey,
    serversKey,
  ];
  const fixed = FIXED_PROPERTIES[side].map(({ name, value, why }): Owned => [name, value, why]);
  const common: readonly Owned[] = [servers, ['client.id', config.name, 'name', 'name'], ...fixed];
  if (side === 'producer') return common;
  const group = 'kafka.consumer.group-id';
  const commit = 'dispatcher.commit-interval';
  return [
    ...common,
    ['group.id', config.consumer.groupId, group, group],
    ['auto.commit.interval.ms', String(config.dispatcher.commitIntervalMs), commit, commit],
  ];
}
