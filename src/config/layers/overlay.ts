/** Lays one map of properties over another, by meaning: each may use the names of Java or of librdkafka. */

import { propertyIdentity } from '../java/java-table.js';
import type { Entry } from '../text/entry.js';

/**
 * Alternative ways to set the same thing: if the upper map uses one, the others are dropped from the lower
 * map.
 */
const ALTERNATIVES: readonly (readonly (readonly string[])[])[] = [
  [
    ['ssl.truststore.location', 'ssl.truststore.password', 'ssl.truststore.type'],
    ['ssl.truststore.certificates'],
    ['ssl.ca.location', 'ssl.ca.pem', 'ssl.ca.certificate.stores'],
  ],
  [
    ['ssl.keystore.location', 'ssl.keystore.password', 'ssl.keystore.type'],
    ['ssl.keystore.key', 'ssl.keystore.certificate.chain'],
    ['ssl.key.location', 'ssl.key.pem', 'ssl.certificate.location', 'ssl.certificate.pem'],
  ],
  [['sasl.jaas.config'], ['sasl.username', 'sasl.password']],
];

export function overlay<Value extends Entry<string>>(
  below: ReadonlyMap<string, Value>,
  above: ReadonlyMap<string, Value>,
): Map<string, Value> {
  const identities = new Set([...above.keys()].map(propertyIdentity));
  const gone = new Set<string>();
  for (const ways of ALTERNATIVES) {
    // A password or a type alone chooses no way: it completes the one that `below` has chosen.
    const chosen = ways.find(
      (way) =>
        way.some((name) => above.has(name) && !/\.(password|type)$/.test(name)) ||
        (way.includes('sasl.password') && above.has('sasl.password')),
    );
    if (chosen === undefined) continue;
    for (const way of ways) if (way !== chosen) for (const name of way) gone.add(name);
  }
  const merged = new Map<string, Value>();
  for (const [name, entry] of below)
    if (!identities.has(propertyIdentity(name)) && !gone.has(name)) merged.set(name, entry);
  for (const [name, entry] of above) merged.set(name, entry);
  return merged;
}
