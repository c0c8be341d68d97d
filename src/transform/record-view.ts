import type { InputBatchReader } from '../wire/input-reader.js';
import { copyOf, lastHeaderNamed, unpackHeaders } from '../wire/packed-headers.js';
import type { SourceRecord } from './types.js';

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The input of one task while it runs. `open` becomes false with the end of the task: from then on the block
 * belongs to other records.
 */
export interface TaskScope {
  readonly reader: InputBatchReader;
  readonly partitions: ReadonlyMap<number, PartitionName>;
  open: boolean;
}

interface Copies {
  key?: Buffer | null;
  raw?: Buffer | null;
  headers?: readonly (readonly [name: string, value: Buffer | null])[];
}

/**
 * The `record` that user functions get: three fields; everything else is read from the block on access. A new
 * object per record costs about 10 ns and may be kept; what was read stays valid, and reading more throws
 * once the task has ended.
 */
export class RecordView implements SourceRecord {
  readonly value: unknown;
  readonly #scope: TaskScope;
  readonly #row: number;
  #copies: Copies | undefined;

  constructor(scope: TaskScope, row: number, value: unknown) {
    this.#scope = scope;
    this.#row = row;
    this.value = value;
  }

  get topic(): string {
    return this.#partition().topic;
  }

  get partition(): number {
    return this.#partition().partition;
  }

  get offset(): number {
    return this.#reader().offset(this.#row);
  }

  get timestamp(): number {
    return this.#reader().timestamp(this.#row);
  }

  get key(): Buffer | null {
    this.#copies ??= {};
    if (this.#copies.key === undefined) {
      const reader = this.#reader();
      this.#copies.key = copyRange(reader.bytes, reader.keyStart(this.#row), reader.keyLength(this.#row));
    }
    return this.#copies.key;
  }

  get keyText(): string | null {
    const reader = this.#reader();
    const start = reader.keyStart(this.#row);
    const length = reader.keyLength(this.#row);
    return length < 0 ? null : reader.bytes.toString('utf8', start, start + length);
  }

  get raw(): Buffer | null {
    this.#copies ??= {};
    if (this.#copies.raw === undefined) {
      const reader = this.#reader();
      this.#copies.raw = copyRange(reader.bytes, reader.valueStart(this.#row), reader.valueLength(this.#row));
    }
    return this.#copies.raw;
  }

  get headers(): readonly (readonly [name: string, value: Buffer | null])[] {
    this.#copies ??= {};
    if (this.#copies.headers === undefined) {
      const reader = this.#reader();
      const start = reader.headersStart(this.#row);
      this.#copies.headers = unpackHeaders(
        reader.bytes,
        start,
        start + Math.max(0, reader.headersLength(this.#row)),
      );
    }
    return this.#copies.headers;
  }

  header(name: string): Buffer | null | undefined {
    const known = this.#copies?.headers;
    if (known !== undefined) return known.findLast((entry) => entry[0] === name)?.[1];
    const reader = this.#reader();
    const start = reader.headersStart(this.#row);
    return lastHeaderNamed(
      reader.bytes,
      { start, end: start + Math.max(0, reader.headersLength(this.#row)) },
      name,
    );
  }

  headerText(name: string): string | null | undefined {
    const value = this.header(name);
    return value == null ? value : value.toString();
  }

  #reader(): InputBatchReader {
    if (!this.#scope.open) {
      throw new Error(
        'this record belongs to a batch that is settled: read what you need ' +
          '(key, headers, raw) before the transform ends',
      );
    }
    return this.#scope.reader;
  }

  #partition(): PartitionName {
    return partitionOf(this.#scope, this.#reader(), this.#row);
  }
}

export function partitionOf(scope: TaskScope, reader: InputBatchReader, row: number): PartitionName {
  const id = reader.partitionIdOf(row);
  const name = scope.partitions.get(id);
  if (name === undefined)
    throw new Error(`row ${row} belongs to partition number ${id}, which this worker does not know`);
  return name;
}

function copyRange(bytes: Buffer, start: number, length: number): Buffer | null {
  return length < 0 ? null : copyOf(bytes, start, start + length);
}
