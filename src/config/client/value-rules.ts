/** Rules for the values of single properties, and for two values that must be in order. */
import type { SideState } from '../keys/side.js';

/** Values of these are paths, relative to the file that contains them. */
const PATH_PROPERTIES = new Set([
  'ssl.key.location',
  'ssl.certificate.location',
  'ssl.ca.location',
  'https.ca.location',
  'ssl.crl.location',
  'ssl.engine.location',
  'sasl.kerberos.keytab',
  'sasl.oauthbearer.assertion.private.key.file',
  'sasl.oauthbearer.assertion.file',
  'sasl.oauthbearer.assertion.jwt.template.file',
]);

export function isPathProperty(name: string): boolean {
  return PATH_PROPERTIES.has(name);
}

/** Names that brokers register: one line each. */
const ONE_LINE = new Set(['client.rack', 'group.instance.id', 'group.remote.assignor']);

/** An empty value of these would mean the opposite: trust whatever the system trusts, or no login at all. */
const NOT_EMPTY = /^ssl\.(ca|key|certificate)\.(pem|location)$|^sasl\.(username|password)$/;

/**
 * Refuses text that C would truncate, characters that a name can't hold, and values that must not be empty.
 */
export function textFault(
  name: string,
  value: string,
): readonly [message: string, remedy: string] | undefined {
  if (NOT_EMPTY.test(name) && value.trim() === '')
    return [`${name} is empty`, 'give it a value, or remove the key'];
  const control = (ONE_LINE.has(name) ? /[\u0000-\u001f\u007f]/ : /\u0000/).exec(value)?.[0];
  if (control === undefined) return undefined;
  const code = control.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return [`${name} contains the control character U+${code}`, 'remove the character'];
}

/**
 * librdkafka refuses a client whose first value is above its second; Java does not. If only one is set, the
 * other follows it.
 */
const ORDERED = [
  {
    lower: 'reconnect.backoff.ms',
    lowerDefault: 1000,
    upper: 'reconnect.backoff.max.ms',
    upperDefault: 3000,
  },
  { lower: 'session.timeout.ms', lowerDefault: 45_000, upper: 'max.poll.interval.ms', upperDefault: 300_000 },
] as const;

/** Adds the value that must follow from the other one of a pair. */
export function putInOrder(properties: SideState['properties']): void {
  for (const { lower, lowerDefault, upper, upperDefault } of ORDERED) {
    // With the consumer group protocol the broker sets the session timeout; the client must not.
    if (
      lower === 'session.timeout.ms' &&
      properties.get('group.protocol')?.value.toLowerCase() === 'consumer'
    )
      continue;
    const [low, high] = [properties.get(lower), properties.get(upper)];
    if (high !== undefined && low === undefined && Number(high.value) < lowerDefault)
      properties.set(lower, { ...high, note: `not above ${upper}` });
    if (low !== undefined && high === undefined && Number(low.value) > upperDefault)
      properties.set(upper, { ...low, note: `not below ${lower}` });
  }
}
