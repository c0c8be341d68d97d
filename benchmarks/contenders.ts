/**
 * The programs that do the same job: copy every record of one topic to another, same partition, key, headers
 * and timestamp.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { producerQueueBytes } from '../src/config/resolve/budgets.js';
import { defaultsOf, type Preset } from '../src/kafka/properties/defaults.js';
import { kdEntry } from '../test/support/kd.js';
import { projectRoot } from '../test/support/paths.js';
import type { TlsMaterial } from '../test/support/tls-material.js';
import { floorFolder } from './measure.js';

export interface Job {
  readonly bootstrapServers: string;
  /** Set where the servers are reached over TLS. */
  readonly tls: TlsMaterial | undefined;
  readonly input: string;
  readonly output: string;
  /** Where a job that routes sends large orders. */
  readonly largeOutput?: string | undefined;
  readonly group: string;
  /** 0: for ever. */
  readonly records: number;
  /** A folder for configuration files, removed afterwards. */
  readonly folder: string;
}

export type Listener = 'PLAIN' | 'TLS';

export interface Contender {
  readonly id: string;
  readonly title: string;
  /** What it reads, and whether what it writes is byte for byte the same. */
  readonly format: 'avro' | 'json';
  readonly exact: boolean;
  /** Which of the broker's listeners it reads from and writes to. */
  readonly listener: Listener;
  /** Writes to two topics. */
  readonly routes?: boolean;
  /** Runs over at most this many records: it is too slow for more. */
  readonly recordsMax?: number;
  command(job: Job): Promise<string[]>;
}

const IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/** librdkafka's names: what a C program would say. */
function floorSecurity(tls: TlsMaterial | undefined): Record<string, string> {
  return tls === undefined ? {} : { 'security.protocol': 'ssl', 'ssl.ca.location': tls.path('ca', 'pem') };
}

/** Java's names and a Java store, as a user would write them. */
function javaSecurity(tls: TlsMaterial | undefined): object {
  if (tls === undefined) return {};
  const trust = { 'ssl.truststore.location': tls.path('ca', 'jks'), 'ssl.truststore.password': tls.password };
  return { properties: { 'security.protocol': 'SSL', ...trust } };
}

/** The same contender over TLS. */
export function overTls(contender: Contender): Contender {
  return { ...contender, id: `${contender.id}-tls`, title: `${contender.title}, TLS`, listener: 'TLS' };
}

function settings(preset: Preset): {
  readonly consumer: Record<string, string>;
  readonly producer: Record<string, string>;
} {
  const queue = String(Math.floor(producerQueueBytes(IN_FLIGHT_BYTES) / 1024));
  return {
    consumer: Object.fromEntries(defaultsOf('consumer', preset)),
    producer: {
      ...Object.fromEntries(defaultsOf('producer', preset)),
      'queue.buffering.max.kbytes': queue,
      'message.timeout.ms': '0',
    },
  };
}

/** With kd's own settings of librdkafka, so that only the program differs. */
export function floor(mode: 'pass' | 'consume', preset: Preset = 'throughput'): Contender {
  const [id, title] =
    mode === 'pass' ? ['floor-pass', 'C floor'] : ['floor-consume', 'C floor, consume only'];
  return {
    id: preset === 'latency' ? `${id}-latency` : id,
    title: preset === 'latency' ? `${title}, linger.ms 1` : title,
    format: 'avro',
    exact: mode === 'pass',
    listener: 'PLAIN',
    command: (job) => {
      const { consumer, producer } = settings(preset);
      const security = floorSecurity(job.tls);
      const pairs = (flag: string, map: Record<string, string>): string[] =>
        Object.entries(map).flatMap(([name, value]) => [flag, `${name}=${value}`]);
      const topics = [
        '-b',
        job.bootstrapServers,
        '-i',
        job.input,
        '-o',
        job.output,
        '-n',
        String(job.records),
        '-g',
        job.group,
      ];
      const both = [
        ...pairs('-C', { ...consumer, ...security }),
        ...pairs('-P', { ...producer, ...security }),
      ];
      return Promise.resolve([join(floorFolder, 'floor'), mode, ...topics, ...both]);
    },
  };
}

export function stock(reports: boolean, recordsMax: number): Contender {
  return {
    id: reports ? 'stock-reports' : 'stock',
    title: `node-rdkafka, ${reports ? 'delivery reports' : 'no delivery reports'}`,
    format: 'avro',
    exact: true,
    listener: 'PLAIN',
    recordsMax,
    command: (job) => {
      const { bootstrapServers: bootstrap, input, output, group, records } = job;
      const script = join(projectRoot, 'benchmarks', 'baselines', 'node-rdkafka.mjs');
      return Promise.resolve([
        process.execPath,
        script,
        JSON.stringify({ bootstrap, input, output, group, records, reports, ...settings('throughput') }),
      ]);
    },
  };
}

export interface KdVariant {
  readonly id: string;
  readonly title: string;
  readonly format: 'avro' | 'json';
  readonly exact: boolean;
  readonly transform?: string;
  readonly input?: 'raw' | 'json' | 'avro';
  readonly output?: 'raw' | 'json' | 'avro';
  /** Further `dispatcher` keys. */
  readonly dispatcher?: Readonly<Record<string, unknown>>;
  readonly server?: { readonly port: number };
}

export function kd(variant: KdVariant, until: 'end' | 'forever' = 'end'): Contender {
  const { id, title, format, exact } = variant;
  return {
    id,
    title,
    format,
    exact,
    listener: 'PLAIN',
    command: async (job) => [
      process.execPath,
      kdEntry(),
      'run',
      '-c',
      await writeConfig(variant, job),
      '--until',
      until,
      '-o',
      'json',
    ],
  };
}

async function writeConfig(variant: KdVariant, job: Job): Promise<string> {
  const transforms = join(projectRoot, 'benchmarks', 'transforms');
  const schema = join(transforms, 'order.avsc');
  const side = (format: string): object => (format === 'avro' ? { format, schema } : { format });
  const dispatcher = {
    ...(variant.transform === undefined
      ? {}
      : { transform: join(transforms, variant.transform), input: side(variant.input ?? 'raw') }),
    output: { ...side(variant.output ?? 'raw'), partition: 'same' },
    ...(job.largeOutput === undefined ? {} : { options: { largeTopic: job.largeOutput } }),
    ...variant.dispatcher,
  };
  const config = {
    name: variant.id,
    kafka: {
      'bootstrap-servers': job.bootstrapServers,
      ...javaSecurity(job.tls),
      consumer: { 'group-id': job.group, topics: [job.input] },
      producer: { topic: job.output },
    },
    dispatcher,
    ...(variant.server === undefined ? {} : { server: variant.server }),
    logging: { level: 'warn' },
  };
  const file = join(job.folder, `${job.group}.yml`);
  // JSON is YAML.
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
  return file;
}

export const KD_PASS: KdVariant = { id: 'kd-pass', title: 'kd, pass-through', format: 'avro', exact: true };
/** The extra cost when the main thread sees four times as many batches. */
export const KD_PASS_SMALL: KdVariant = {
  ...KD_PASS,
  id: 'kd-pass-4k',
  title: 'kd, pass-through, 4,000 a batch',
  dispatcher: { batch: { 'records-max': 4_000 } },
};
export const KD_PASS_LATENCY: KdVariant = {
  ...KD_PASS,
  id: 'kd-pass-latency',
  title: 'kd, preset latency',
  dispatcher: { preset: 'latency' },
};
/** Each small batch is handed over as it comes. */
export const KD_PASS_AT_ONCE: KdVariant = {
  ...KD_PASS,
  id: 'kd-pass-at-once',
  title: 'kd, batch.interval 0ms',
  dispatcher: { batch: { interval: '0ms' } },
};
export const KD_RAW: KdVariant = {
  id: 'kd-raw',
  title: 'kd, raw through a function',
  format: 'avro',
  exact: true,
  transform: 'raw.ts',
};
export const KD_AVRO: KdVariant = {
  id: 'kd-avro',
  title: 'kd, Avro → change → Avro',
  format: 'avro',
  exact: false,
  transform: 'reprice.ts',
  input: 'avro',
  output: 'avro',
};
export const KD_JSON: KdVariant = {
  id: 'kd-json',
  title: 'kd, JSON to Avro',
  format: 'json',
  exact: false,
  transform: 'reprice.ts',
  input: 'json',
  output: 'avro',
};
