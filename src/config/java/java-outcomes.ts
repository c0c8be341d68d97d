/** What a name of Kafka's Java client can become here, and how its values are converted. */
import { quote, ValueFault } from '../keys/value-fault.js';

/** Undefined: what it asks for holds anyway. Throws ValueFault. */
export type Conversion = (value: string) => string | undefined;

export type JavaOutcome =
  /** A property of librdkafka, perhaps under another name. */
  | {
      readonly kind: 'property';
      readonly name: string;
      /** The name that does the same for a consumer, where it is another one. */
      readonly consumerName?: string;
      /** A second property that gets the same value, unless it is set itself. */
      readonly also?: string;
      readonly convert?: Conversion;
    }
  /** A key of ours: taken over where the key is not set. */
  | {
      readonly kind: 'key';
      readonly path: string;
      /** In the place of `path` below the properties of that client. */
      readonly consumerPath?: string;
      readonly producerPath?: string;
      readonly convert?: Conversion;
    }
  /** Read by tls.ts, together with the others of its kind. */
  | { readonly kind: 'tls' }
  /** Read by sasl.ts, together with the others of its kind. */
  | { readonly kind: 'sasl' }
  /** Nothing here corresponds to it, and nothing is lost. */
  | { readonly kind: 'ignored' }
  /** Can't be had: an error, but for values that ask for nothing. */
  | { readonly kind: 'refused'; readonly remedy: string; readonly harmless?: RegExp };

/** Name, which of Java's clients have it (C(onsumer) | P(roducer) | * both), what becomes of it, why. */
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

function whole(value: string): number {
  if (!/^[+-]?\d{1,19}$/.test(value.trim())) throw new ValueFault(`${quote(value)} is not a whole number`);
  return Number(value);
}

/** Java allows less than librdkafka; what is meant by it is librdkafka's least. */
export function atLeast(min: number): Conversion {
  return (value) => String(Math.max(min, whole(value)));
}

/** Java's largest numbers mean "without limit": what is meant by them is librdkafka's largest. */
export function between(min: number, max: number): Conversion {
  return (value) => String(Math.min(max, Math.max(min, whole(value))));
}

/** -1 is Java's word for "as the system has it" or "never", 0 is librdkafka's. */
export const minusOneIsZero: Conversion = (value) => String(Math.max(0, whole(value)));

export const bytesToKib: Conversion = (value) => String(Math.max(1, Math.ceil(whole(value) / 1_024)));

/** Java's milliseconds as a duration of ours. */
export function millisecondsBetween(min: number, max: number): Conversion {
  return (value) => `${Math.min(max, Math.max(min, whole(value)))}ms`;
}

export const offsetReset: Conversion = (value) => {
  const word = value.trim().toLowerCase();
  if (['earliest', 'latest', 'none'].includes(word)) return word;
  throw new ValueFault(`${quote(value)} can't be had here`, 'use earliest, latest or none');
};

const ASSIGNORS: Readonly<Record<string, string>> = {
  rangeassignor: 'range',
  roundrobinassignor: 'roundrobin',
  cooperativestickyassignor: 'cooperative-sticky',
  range: 'range',
  roundrobin: 'roundrobin',
  'cooperative-sticky': 'cooperative-sticky',
};

/** Names of classes become librdkafka's words. */
export const assignors: Conversion = (value) => {
  const words = value
    .split(',')
    .map((item) => item.trim().replace(/^class\s+/, ''))
    .filter((item) => item !== '')
    .map((item) => {
      const word = ASSIGNORS[item.slice(item.lastIndexOf('.') + 1).toLowerCase()];
      if (word === undefined)
        throw new ValueFault(
          `${quote(item)} can't be had here`,
          'use cooperative-sticky, range or roundrobin',
        );
      return word;
    });
  if (words.length === 0) return undefined;
  if (words.includes('cooperative-sticky') && words.length > 1)
    throw new ValueFault(
      'mixes cooperative-sticky with others, which librdkafka refuses',
      'use cooperative-sticky where all members of the group have it, else the other one alone',
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

/** Java gives a path, librdkafka wants the whole command. */
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
