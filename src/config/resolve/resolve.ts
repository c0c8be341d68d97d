/**
 * From checked settings to the frozen configuration: required keys, keys that must fit each other, absolute
 * paths.
 */
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, extname, resolve } from 'node:path';
import type { PropertyEntries } from '../client/properties.js';
import { ValueFault } from '../keys/convert.js';
import type {
  DataFormat,
  LogLevel,
  Ordering,
  PartitionRule,
  ResolvedConfig,
  SchemaFiles,
  TombstonePolicy,
} from '../keys/resolved.js';
import { baseDirectory } from '../keys/side.js';
import { resolveTopics } from '../layers/topics.js';
import type { Problems } from '../text/problem.js';
import { bootstrapServers } from './bootstrap.js';
import { autoBatchBytes, defaultBatchRecords } from './budgets.js';
import { checkCrossFields } from './cross-checks.js';
import { clusterConfig } from './resolve-cluster.js';
import type { Purpose, ResolveInput } from './resolve-input.js';
import { secretsAmong } from './secret-values.js';

/** One thread is left for the main loop and librdkafka. */
export const autoThreads = (): number => Math.max(1, availableParallelism() - 1);

const NAME_WITHOUT_FILE = 'kafka-dispatcher';
/** A name for "none given". */
const NONE = 'none';

/** Undefined where required values are missing; then problems were reported. */
export function resolveConfig(input: ResolveInput, problems: Problems): ResolvedConfig | undefined {
  const reader = new Reader(input, problems);
  const config: ResolvedConfig = {
    name: reader.text('name') ?? nameOfFile(input.file),
    file: input.file,
    consumer: {
      ...clusterConfig('consumer', reader.servers('consumer'), input, problems),
      groupId: reader.required('kafka.consumer.group-id', 'the consumer group of this job'),
      topics: reader.topics(),
      autoOffsetReset: reader.text('kafka.consumer.auto-offset-reset') as 'earliest' | 'latest' | 'none',
      outOfRange: reader.text('kafka.consumer.out-of-range') as 'stop' | 'earliest' | 'latest',
      missingTopicsFatal: reader.flag('kafka.consumer.missing-topics-fatal'),
    },
    producer: {
      ...clusterConfig('producer', reader.servers('producer'), input, problems),
      topic: reader.required('kafka.producer.topic', 'the topic that results go to'),
    },
    dispatcher: dispatcherPart(reader, input),
    topics: resolveTopics(input.merged.topics, problems),
    server: reader.server(),
    logging: {
      level: reader.text('logging.level') as LogLevel,
      format: reader.text('logging.format') as 'auto' | 'text' | 'json',
    },
  };
  if (problems.hasErrors()) return undefined;
  checkCrossFields(config, input, problems);
  return problems.hasErrors() ? undefined : deepFreeze(config);
}

function dispatcherPart(reader: Reader, input: ResolveInput): ResolvedConfig['dispatcher'] {
  const transform = reader.path('dispatcher.transform');
  const key = (name: string): string => `dispatcher.${name}`;
  const threads = reader.numberOrAuto(key('threads')) ?? autoThreads();
  const inFlight = {
    recordsMax: reader.number(key('in-flight.records-max')),
    bytesMax: reader.number(key('in-flight.bytes-max')),
  };
  return {
    transform,
    options: Object.fromEntries([...input.merged.options].map(([name, entry]) => [name, entry.value])),
    optionSecrets: secretsAmong(input.merged.options),
    input: {
      format: reader.text('dispatcher.input.format') as DataFormat,
      schema: reader.schema('dispatcher.input'),
      tombstones: reader.text('dispatcher.input.tombstones') as TombstonePolicy,
      long: reader.text('dispatcher.input.long') as 'number' | 'bigint',
    },
    output: {
      format: reader.text('dispatcher.output.format') as DataFormat,
      schema: reader.schema('dispatcher.output'),
      partition: reader.text('dispatcher.output.partition') as PartitionRule,
      timestamp: reader.text('dispatcher.output.timestamp') as 'source' | 'now',
    },
    delivery: 'at-least-once',
    ordering: reader.text(key('ordering')) as Ordering,
    threads,
    concurrency: reader.number(key('concurrency')),
    timeoutMs: reader.number(key('timeout')),
    batch: batchPart(reader, input, { transform, threads, inFlight }),
    inFlight,
    deadLetterTopic: reader.unlessNone(key('dead-letter.topic')),
    commitIntervalMs: reader.number(key('commit-interval')),
    drainTimeoutMs: reader.number(key('drain-timeout')),
    rebalanceDrainTimeoutMs: reader.number(key('rebalance-drain-timeout')),
    stallTimeoutMs: reader.number(key('stall-timeout')),
    reloadIntervalMs: reader.number(key('reload-interval')),
    reloadTimeoutMs: reader.number(key('reload-timeout')),
  };
}

function batchPart(
  reader: Reader,
  input: ResolveInput,
  { transform, threads, inFlight }: Pick<ResolvedConfig['dispatcher'], 'transform' | 'threads' | 'inFlight'>,
): ResolvedConfig['dispatcher']['batch'] {
  const recordsMax = reader.number('dispatcher.batch.records-max');
  const kind = transform === undefined ? 'passThrough' : 'transform';
  return {
    // A default gives way where the user wants fewer in flight; what was set by hand is checked against it.
    recordsMax: input.settings.isSet('dispatcher.batch.records-max')
      ? recordsMax
      : defaultBatchRecords(recordsMax, inFlight.recordsMax),
    bytesMax:
      reader.numberOrAuto('dispatcher.batch.bytes-max') ?? autoBatchBytes(inFlight.bytesMax, threads, kind),
    lingerMs: reader.number('dispatcher.batch.linger'),
    outputBytesMax: reader.number('dispatcher.batch.output-bytes-max'),
  };
}

/**
 * Reads settings as the type that their key has, and reports what is missing. Faulty ones were reported
 * before.
 */
class Reader {
  readonly #input: ResolveInput;
  readonly #problems: Problems;

  constructor(input: ResolveInput, problems: Problems) {
    this.#input = input;
    this.#problems = problems;
  }

  text(path: string): string | undefined {
    const value = this.#input.settings.get(path);
    return typeof value === 'string' ? value : undefined;
  }

  unlessNone(path: string): string | undefined {
    const value = this.text(path);
    return value === NONE ? undefined : value;
  }

  /** Undefined for `auto`. */
  numberOrAuto(path: string): number | undefined {
    const value = this.#input.settings.get(path);
    return typeof value === 'number' ? value : undefined;
  }

  number(path: string): number {
    const value = this.#input.settings.get(path);
    return typeof value === 'number' ? value : 0;
  }

  flag(path: string): boolean {
    return this.#input.settings.get(path) === true;
  }

  required(path: string, what: string): string {
    const value = this.text(path);
    if (value === undefined) this.#missing(path, what);
    return value ?? '';
  }

  servers(side: 'consumer' | 'producer'): readonly string[] {
    const { settings } = this.#input;
    const own = `kafka.${side}.bootstrap-servers`;
    const path = settings.isSet(own) ? own : 'kafka.bootstrap-servers';
    const raw = settings.get(path);
    if (raw === undefined || typeof raw === 'number' || typeof raw === 'boolean') {
      // Said once, not for each side.
      if (side === 'consumer' || settings.isSet('kafka.consumer.bootstrap-servers'))
        this.#missing(path, 'the brokers to connect to first', 'connection');
      return [];
    }
    try {
      return bootstrapServers(raw, texts(this.#input.clients[side].properties));
    } catch (fault) {
      if (!(fault instanceof ValueFault)) throw fault;
      if (side === 'consumer' || path === own)
        this.#problems.error(settings.origin(path), path, fault.message, fault.remedy);
      return [];
    }
  }

  topics(): ResolvedConfig['consumer']['topics'] {
    const value = this.#input.settings.get('kafka.consumer.topics');
    const names = Array.isArray(value) ? (value as readonly string[]) : [];
    if (value === undefined) this.#missing('kafka.consumer.topics', 'the topics to read');
    const first = names[0];
    return first?.startsWith('/') === true ? { pattern: first.slice(1, -1) } : { names };
  }

  path(path: string): string | undefined {
    const value = this.unlessNone(path);
    if (value === undefined) return undefined;
    return this.#existing(path, value);
  }

  schema(section: 'dispatcher.input' | 'dispatcher.output'): SchemaFiles | undefined {
    const path = this.path(`${section}.schema.path`);
    const writerPath = section === 'dispatcher.input' ? this.path(`${section}.schema.writer`) : undefined;
    const references = this.#input.settings.get(`${section}.schema.references`);
    const files = Array.isArray(references) ? (references as readonly string[]) : [];
    if (path !== undefined)
      return {
        path,
        writerPath,
        references: files.map((file) => this.#existing(`${section}.schema.references`, file)),
      };
    if (writerPath !== undefined || files.length > 0)
      this.#problems.error(
        undefined,
        `${section}.schema.path`,
        'is missing: the schema itself is not named',
        'add path: ./schema.avsc',
      );
    return undefined;
  }

  server(): ResolvedConfig['server'] {
    const { settings } = this.#input;
    const port = settings.get('server.port');
    if (typeof port === 'number') return { port, address: this.text('server.address') ?? '127.0.0.1' };
    if (settings.isSet('server.address') && !settings.isSet('server.port'))
      this.#problems.error(
        settings.origin('server.address'),
        'server.port',
        'is missing: there is an address, but no port',
        'add port: 8080',
      );
    return undefined;
  }

  #existing(key: string, value: string): string {
    const origin = this.#input.settings.origin(key);
    const file = resolve(baseDirectory(origin, this.#input.workingDirectory), value);
    if (!existsSync(file))
      this.#problems.error(
        origin,
        key,
        `${file} does not exist`,
        'check the path; a relative one starts at the configuration file',
      );
    else if (statSync(file).isDirectory())
      this.#problems.error(origin, key, `${file} is a directory`, 'name a file');
    return file;
  }

  #missing(path: string, what: string, purpose: Purpose = 'job'): void {
    const { settings } = this.#input;
    // A value that is set and faulty has been reported already.
    if (settings.isSet(path) || (purpose === 'job' && this.#input.purpose === 'connection')) return;
    const place =
      this.#input.shownFile === undefined ? undefined : { file: this.#input.shownFile, line: 1, column: 1 };
    this.#problems.error(
      place,
      path,
      `is missing: ${what}`,
      purpose === 'connection'
        ? `add it to the file, or use -b host:port`
        : 'add it to the file, or use --set',
    );
  }
}

function nameOfFile(file: string | undefined): string {
  return file === undefined ? NAME_WITHOUT_FILE : basename(file, extname(file));
}

function texts(entries: PropertyEntries): ReadonlyMap<string, string> {
  return new Map([...entries].map(([name, entry]) => [name, entry.value]));
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !(value instanceof Map)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
