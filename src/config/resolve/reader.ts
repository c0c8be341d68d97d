/** Reads the settings that need more than their value: required keys, files, brokers, topics. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PropertyEntries } from '../client/properties.js';
import type { ResolvedConfig, SchemaFiles } from '../keys/resolved.js';
import type { Path } from '../keys/schema.js';
import { baseDirectory } from '../keys/side.js';
import { ValueFault } from '../keys/value-fault.js';
import type { Problems } from '../text/problem.js';
import { bootstrapServers } from './bootstrap.js';
import type { Purpose, ResolveInput } from './resolve-input.js';

/** A name for "none given". */
const NONE = 'none';

type TextPath = 'kafka.consumer.group-id';
type OptionalTextPath =
  | 'dispatcher.transform'
  | 'dispatcher.dead-letter.topic'
  | 'dispatcher.input.schema.path'
  | 'dispatcher.input.schema.writer'
  | 'dispatcher.output.schema.path'
  | 'telemetry.module';

/** Reports missing values. Invalid ones have been reported before. */
export class Reader {
  readonly #input: ResolveInput;
  readonly #problems: Problems;

  constructor(input: ResolveInput, problems: Problems) {
    this.#input = input;
    this.#problems = problems;
  }

  unlessNone(path: OptionalTextPath): string | undefined {
    const value = this.#input.settings.get(path);
    return value === NONE ? undefined : value;
  }

  required(path: TextPath, what: string): string {
    const value = this.#input.settings.get(path);
    if (value === undefined) this.#missing(path, what);
    return value ?? '';
  }

  /** Not needed by a transform that names its topics itself or has no output. */
  outputTopic(): string | undefined {
    const { settings } = this.#input;
    const topic = settings.get('kafka.producer.topic');
    if (topic === undefined && this.unlessNone('dispatcher.transform') === undefined)
      this.#missing('kafka.producer.topic', 'the topic that results go to');
    return topic;
  }

  servers(side: 'consumer' | 'producer'): readonly string[] {
    const { settings } = this.#input;
    const own = `kafka.${side}.bootstrap-servers` as const;
    const path = settings.isSet(own) ? own : 'kafka.bootstrap-servers';
    const raw = settings.get(path);
    if (raw === undefined) {
      // Reported once, not per side.
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
    const names = this.#input.settings.get('kafka.consumer.topics');
    if (names === undefined) this.#missing('kafka.consumer.topics', 'the topics to read');
    const first = names?.[0];
    return first?.startsWith('/') === true ? { pattern: first.slice(1, -1) } : { names: [...new Set(names)] };
  }

  path(path: OptionalTextPath): string | undefined {
    const value = this.unlessNone(path);
    if (value === undefined) return undefined;
    return this.#existing(path, value);
  }

  schema(section: 'dispatcher.input' | 'dispatcher.output'): SchemaFiles | undefined {
    const path = this.path(`${section}.schema.path`);
    const writerPath = section === 'dispatcher.input' ? this.path(`${section}.schema.writer`) : undefined;
    const files = this.#input.settings.get(`${section}.schema.references`) ?? [];
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
        'is missing: no schema file is named',
        'add path: ./schema.avsc',
      );
    return undefined;
  }

  #existing(key: Path, value: string): string {
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

  #missing(path: Path, what: string, purpose: Purpose = 'job'): void {
    const { settings } = this.#input;
    // A value that is set but invalid has been reported already, also one that no layer could take.
    if (settings.isSet(path) || this.#problems.hasErrorAbout(path)) return;
    if (purpose === 'job' && this.#input.purpose === 'connection') return;
    const place =
      this.#input.shownFile === undefined ? undefined : { file: this.#input.shownFile, line: 1, column: 1 };
    this.#problems.error(
      place,
      path,
      `is missing: ${what}`,
      purpose === 'connection'
        ? 'add it to the file, or use -b host:port'
        : 'add it to the file, or use --set',
    );
  }
}

function texts(entries: PropertyEntries): ReadonlyMap<string, string> {
  return new Map([...entries].map(([name, entry]) => [name, entry.value]));
}
