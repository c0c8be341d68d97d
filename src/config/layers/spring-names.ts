/**
 * Translates Spring's names for Kafka settings (`spring.kafka.*`, and the same below `kafka`) to names of the
 * Java client or to keys of kd.
 */

import { nearestName } from '../../core/nearest-name.js';
import { JAVA_NAMES } from '../java/java-table.js';
import type { PropertyMap } from '../keys/schema.js';

export type SpringUnit = 'duration' | 'size' | 'word';

export type SpringTarget =
  | {
      readonly kind: 'property';
      readonly map: PropertyMap;
      readonly name: string;
      readonly unit?: SpringUnit;
    }
  | { readonly kind: 'field'; readonly path: string }
  | { readonly kind: 'section' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused'; readonly remedy: string };

const SSL: Readonly<Record<string, string>> = {
  'key-password': 'ssl.key.password',
  'key-store-certificate-chain': 'ssl.keystore.certificate.chain',
  'key-store-key': 'ssl.keystore.key',
  'key-store-location': 'ssl.keystore.location',
  'key-store-password': 'ssl.keystore.password',
  'key-store-type': 'ssl.keystore.type',
  protocol: 'ssl.protocol',
  'trust-store-certificates': 'ssl.truststore.certificates',
  'trust-store-location': 'ssl.truststore.location',
  'trust-store-password': 'ssl.truststore.password',
  'trust-store-type': 'ssl.truststore.type',
};

type Named = readonly [name: string, unit?: SpringUnit];

const CONSUMER: Readonly<Record<string, Named>> = {
  'auto-commit-interval': ['auto.commit.interval.ms', 'duration'],
  'client-id': ['client.id'],
  'enable-auto-commit': ['enable.auto.commit'],
  'fetch-max-wait': ['fetch.max.wait.ms', 'duration'],
  'fetch-min-size': ['fetch.min.bytes', 'size'],
  'heartbeat-interval': ['heartbeat.interval.ms', 'duration'],
  'isolation-level': ['isolation.level', 'word'],
  'key-deserializer': ['key.deserializer'],
  'value-deserializer': ['value.deserializer'],
  'max-poll-records': ['max.poll.records'],
  'max-poll-interval': ['max.poll.interval.ms', 'duration'],
};

const PRODUCER: Readonly<Record<string, Named>> = {
  acks: ['acks'],
  'batch-size': ['batch.size', 'size'],
  'buffer-memory': ['buffer.memory', 'size'],
  'client-id': ['client.id'],
  'compression-type': ['compression.type'],
  'key-serializer': ['key.serializer'],
  'value-serializer': ['value.serializer'],
  retries: ['retries'],
  'transaction-id-prefix': ['transactional.id'],
};

const TARGETS: ReadonlyMap<string, SpringTarget> = targets();

function targets(): Map<string, SpringTarget> {
  const found = new Map<string, SpringTarget>([
    ['kafka.listener', { kind: 'section' }],
    ['kafka.listener.missing-topics-fatal', { kind: 'field', path: 'kafka.consumer.missing-topics-fatal' }],
    ['kafka.template', { kind: 'section' }],
    ['kafka.template.default-topic', { kind: 'field', path: 'kafka.producer.topic' }],
    ['kafka.client-id', { kind: 'property', map: 'kafka.properties', name: 'client.id' }],
    ['kafka.admin', { kind: 'ignored' }],
    ['kafka.streams', { kind: 'ignored' }],
    ['kafka.jaas', { kind: 'refused', remedy: 'use kafka.properties: { sasl.jaas.config: … }' }],
    ['kafka.retry', { kind: 'refused', remedy: 'remove it: retries are not available yet' }],
  ]);
  const sides = [
    ['kafka', 'kafka.properties', {}],
    ['kafka.consumer', 'kafka.consumer.properties', CONSUMER],
    ['kafka.producer', 'kafka.producer.properties', PRODUCER],
  ] as const;
  for (const [section, map, own] of sides) {
    for (const [key, [name, unit]] of Object.entries<Named>(own))
      found.set(`${section}.${key}`, {
        kind: 'property',
        map,
        name,
        ...(unit === undefined ? {} : { unit }),
      });
    found.set(`${section}.ssl`, { kind: 'section' });
    for (const [key, name] of Object.entries(SSL))
      found.set(`${section}.ssl.${key}`, { kind: 'property', map, name });
    found.set(`${section}.ssl.bundle`, {
      kind: 'refused',
      remedy: 'name the stores themselves: ssl.trust-store-location, ssl.key-store-location',
    });
    found.set(`${section}.security`, { kind: 'section' });
    found.set(`${section}.security.protocol`, { kind: 'property', map, name: 'security.protocol' });
  }
  return found;
}

export function springTarget(path: string): SpringTarget | undefined {
  const target = TARGETS.get(path);
  if (target !== undefined) return target;
  // The setup of listeners and template observers has no counterpart.
  return /^kafka\.(listener|template)\./.test(path) ? { kind: 'ignored' } : undefined;
}

/** Suggests a name for an unknown path: a key beside it, or a Java property. */
export function springRemedy(path: string, known: readonly string[]): string {
  const cut = path.lastIndexOf('.');
  const section = path.slice(0, cut);
  const key = path.slice(cut + 1);
  const property = JAVA_NAMES.find(
    (name) => name === key.replaceAll('-', '.') || name.startsWith(`${key.replaceAll('-', '.')}.`),
  );
  if (property !== undefined)
    return `${property} has no short name: write spring.${section}.properties.${property}`;
  const siblings = [...TARGETS.keys(), ...known].filter(
    (candidate) => candidate.startsWith(`${section}.`) && candidate.lastIndexOf('.') === cut,
  );
  const near = nearestName(
    key,
    siblings.map((candidate) => candidate.slice(cut + 1)),
  );
  return near === undefined
    ? 'see docs/CONFIG.md, or put a property of Java below properties'
    : `did you mean spring.${section}.${near}?`;
}

const DURATION_MS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1_024,
  MB: 1_048_576,
  GB: 1_073_741_824,
};

/**
 * Spring writes `500ms`, `PT5S`, `16KB` or `read-committed` where the Java client has plain numbers and
 * words. Other text is passed on, and refused there.
 */
export function fromSpring(text: string, unit: SpringUnit | undefined): string {
  const value = text.trim();
  if (unit === 'word') return value.toLowerCase().replaceAll('-', '_');
  if (unit === undefined) return text;
  const iso = /^PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?$/i.exec(value);
  if (unit === 'duration' && iso !== null)
    return String(((Number(iso[1] ?? 0) * 60 + Number(iso[2] ?? 0)) * 60 + Number(iso[3] ?? 0)) * 1_000);
  const match = /^(\d{1,15})\s*([A-Za-z]*)$/.exec(value);
  const factor =
    unit === 'duration'
      ? DURATION_MS[match?.[2]?.toLowerCase() ?? '?']
      : SIZE_BYTES[match?.[2]?.toUpperCase() ?? '?'];
  return match?.[1] === undefined || factor === undefined ? text : String(Number(match[1]) * factor);
}
