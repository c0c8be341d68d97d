/** How each name of Kafka's Java clients is translated, and how its values are converted. */
import { quote, ValueFault } from '../keys/value-fault.js';

/** Undefined when the requested behaviour already applies. Throws ValueFault. */
export type Conversion = (value: string) => string | undefined;

export type JavaOutcome =
  /** A property of librdkafka, sometimes under another name. */
  | {
      readonly kind: 'property';
      readonly name: string;
      /** The name with the same effect for a consumer, where it differs. */
      readonly consumerName?: string;
      /** A second property that gets the same value, unless it is set itself. */
      readonly also?: string;
      readonly convert?: Conversion;
    }
  /** A key of kd: sets that key where it is not set. */
  | {
      readonly kind: 'key';
      readonly path: string;
      /** Instead of `path`, in the properties of that client. */
      readonly consumerPath?: string;
      readonly producerPath?: string;
      readonly convert?: Conversion;
    }
  /** Read by tls.ts, together with the other TLS properties. */
  | { readonly kind: 'tls' }
  /** Read by sasl.ts, together with the other SASL properties. */
  | { readonly kind: 'sasl' }
  /** Has no counterpart, and needs none. */
  | { readonly kind: 'ignored' }
  /** Not supported: an error, unless the value asks for nothing (for example false or an empty list). */
  | { readonly kind: 'refused'; readonly remedy: string; readonly harmless?: RegExp };

/**
 * Name, the Java clients that have it (C = consumer, P = producer, * = both), the translation, the reason.
 */
export type JavaRow = readonly [name: string, clients: 'C' | 'P' | '*', outcome: JavaOutcome, doc: string];

export const TLS: JavaOutcome = { kind: 'tls' };
export const SASL: JavaOutcome = { kind: 'sasl' };
export const IGNORED: JavaOutcome = { kind: 'ignored' };

export function to(
  name: string,
  more: { consumerName?: string; also?: string; convert?: Conversion } = {},
): JavaOutcome {
  return { kind: 'property', name, ...more };
}

export function key(
  path: string,
  more: { consumerPath?: string; producerPath?: string; convert?: Conversion } = {},
): JavaOutcome {
  return { kind: 'key', path, ...more };
}

export function refused(remedy: string, harmless?: RegExp): JavaOutcome {
  return harmless === undefined ? { kind: 'refused', remedy } : { kind: 'refused', remedy, harmless };
}

/** `least`: Java's own minimum, below which a Java client does not start either. */
function whole(value: string, least = 0): number {
  if (!/^[+-]?\d{1,19}$/.test(value.trim()))
    throw new ValueFault(`${quote(value)} is not a whole number`, 'write digits only, for example 500');
  const number = Number(value);
  if (number < least)
    throw new ValueFault(
      `${quote(value)} must be at least ${least}`,
      'correct the value, or remove the property to use its default',
    );
  return number;
}

/** Java allows smaller values than librdkafka; they become librdkafka's minimum. */
export function atLeast(min: number): Conversion {
  return (value) => String(Math.max(min, whole(value)));
}

/** Java's largest numbers mean "without limit"; they become librdkafka's maximum. */
export function between(min: number, max: number, least = 0): Conversion {
  return (value) => String(Math.min(max, Math.max(min, whole(value, least))));
}

/** Java writes -1 for "system default" or "never"; librdkafka writes 0. */
export const minusOneIsZero: Conversion = (value) => String(Math.max(0, whole(value, -1)));

export const bytesToKib: Conversion = (value) => String(Math.max(1, Math.ceil(whole(value) / 1_024)));

/** Converts Java's milliseconds to a duration with a unit. */
export function millisecondsBetween(min: number, max: number): Conversion {
  return (value) => `${Math.min(max, Math.max(min, whole(value)))}ms`;
}

export const offsetReset: Conversion = (value) => {
  const word = value.trim().toLowerCase();
  if (['earliest', 'latest', 'none'].includes(word)) return word;
  throw new ValueFault(`${quote(value)} is not supported`, 'use earliest, latest or none');
};

const ASSIGNORS: Readonly<Record<string, string>> = {
  rangeassignor: 'range',
  roundrobinassignor: 'roundrobin',
  cooperativestickyassignor: 'cooperative-sticky',
  range: 'range',
  roundrobin: 'roundrobin',
  'cooperative-sticky': 'cooperative-sticky',
};

/** Converts class names to librdkafka's words. */
export const assignors: Conversion = (value) => {
  const words = value
    .split(',')
    .map((item) => item.trim().replace(/^class\s+/, ''))
    .filter((item) => item !== '')
    .map((item) => {
      const word = ASSIGNORS[item.slice(item.lastIndexOf('.') + 1).toLowerCase()];
      if (word === undefined)
        throw new ValueFault(
          `${quote(item)} is not supported`,
          'use cooperative-sticky, range or roundrobin',
        );
      return word;
    });
  if (words.length === 0) return undefined;
  if (words.includes('cooperative-sticky') && words.length > 1)
    throw new ValueFault(
      'mixes cooperative-sticky with other assignors, which librdkafka refuses',
      'use cooperative-sticky if all members of the group use it, else only the other one',
    );
  return words.join(',');
};

export const partitioner: Conversion = (value) => {
  const name = value.trim().slice(value.trim().lastIndexOf('.') + 1);
  if (name === '' || name === 'null') return undefined;
  if (name === 'DefaultPartitioner') return 'key';
  if (name === 'UniformStickyPartitioner') return 'sticky';
  throw new ValueFault(
    `the Java class ${quote(name)} can't run here`,
    'use dispatcher.output.partition, or name the partition in the transform: emit(value, { partition })',
  );
};

export const ignoreKeys: Conversion = (value) => (/^true$/i.test(value.trim()) ? 'sticky' : undefined);

/** Java takes a path, librdkafka the whole command. */
export const kinit: Conversion = (value) => {
  const path = value.trim();
  if (/\s/.test(path)) return path;
  if (path === '' || path === '/usr/bin/kinit') return undefined;
  return `${path} -t "%{sasl.kerberos.keytab}" -k %{sasl.kerberos.principal}`;
};

export const dnsLookup: Conversion = (value) => (value.trim() === 'default' ? undefined : value);

export const jwtRetriever: Conversion = (value) => {
  const name = value.trim().slice(value.trim().lastIndexOf('.') + 1);
  if (['', 'DefaultJwtRetriever', 'ClientCredentialsJwtRetriever'].includes(name)) return undefined;
  if (name === 'JwtBearerJwtRetriever') return 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  throw new ValueFault(
    `the Java class ${quote(name)} can't run here`,
    'fetch tokens with a module: kafka.token-provider: ./tokens.mjs',
  );
};
