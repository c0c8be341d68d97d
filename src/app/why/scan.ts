/** Reads topics for a record, without a group, and within a budget. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Position } from '../../core/positions/position.js';
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { Logger } from '../../ports/logger.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { lastHeaderNamed } from '../../wire/packed-headers.js';
import { readWith } from '../compose/reader.js';

/** One for a whole question, so that several topics do not take several times as long. */
export class Budget {
  recordsLeft: number;
  readonly recordsMax: number;
  readonly signal: AbortSignal;
  readonly #progress: (records: number, topic: string) => void;

  constructor(
    recordsMax: number,
    signal: AbortSignal,
    progress: (records: number, topic: string) => void = () => undefined,
  ) {
    this.recordsMax = recordsMax;
    this.recordsLeft = recordsMax;
    this.signal = signal;
    this.#progress = progress;
  }

  get isSpent(): boolean {
    return this.recordsLeft <= 0 || this.signal.aborted;
  }

  spend(records: number, topic: string): void {
    this.recordsLeft -= records;
    this.#progress(this.recordsMax - this.recordsLeft, topic);
  }
}

/** What helps to recognise the results of a record. */
export interface SourceRecord {
  readonly timestampMs: number;
  readonly key: Buffer | null;
}

export interface ScanRequest {
  readonly config: ResolvedConfig;
  readonly logger: Logger;
  readonly side: 'consumer' | 'producer';
  readonly topic: string;
  /** Undefined: all. */
  readonly partitions: ReadonlySet<number> | undefined;
  readonly from: Position;
  readonly until: Position;
  readonly budget: Budget;
  /** Records that are read after the first find: others may stand beside it. */
  readonly after: number;
}

/** A row of the batch that is looked at; only valid during the call. */
export class Row {
  readonly rows = new InputBatchReader();
  index = 0;
  partition = 0;

  get offset(): number {
    return this.rows.offset(this.index);
  }

  get timestampMs(): number {
    return this.rows.timestamp(this.index);
  }

  /** Not a copy. */
  get key(): Buffer | null {
    const length = this.rows.keyLength(this.index);
    const start = this.rows.keyStart(this.index);
    return length < 0 ? null : this.rows.bytes.subarray(start, start + length);
  }

  /** Headers such as `kd-offset` (prefix kd) name that record. */
  names(prefix: 'kd' | 'kd-source', { topic, partition, offset }: RecordPlace): boolean {
    return (
      this.header(`${prefix}-offset`) === String(offset) &&
      this.header(`${prefix}-partition`) === String(partition) &&
      this.header(`${prefix}-topic`) === topic
    );
  }

  header(name: string): string | undefined {
    const length = this.rows.headersLength(this.index);
    if (length <= 0) return undefined;
    const start = this.rows.headersStart(this.index);
    return lastHeaderNamed(this.rows.bytes, { start, end: start + length }, name)?.toString('utf8');
  }
}

/** True if all of the range was read. `look` answers true for what was sought. */
export async function scan(request: ScanRequest, look: (row: Row) => boolean): Promise<boolean> {
  const { config, logger, side, topic, partitions, from, until, budget } = request;
  const row = new Row();
  let left = Number.POSITIVE_INFINITY;
  const done = { isWhole: true };
  if (budget.isSpent) return false;
  await readWith(
    config,
    side,
    {
      topic,
      partitions,
      range: { from, until, groupId: undefined },
      placed: () => undefined,
      signal: budget.signal,
      logger,
    },
    (batch, partitionOf) => {
      row.rows.open(batch.block.bytes);
      budget.spend(batch.rowCount, topic);
      for (const { partitionId, firstRow, rowCount } of batch.segments) {
        row.partition = partitionOf(partitionId).partition;
        for (row.index = firstRow; row.index < firstRow + rowCount; row.index++)
          if (look(row)) left = Math.min(left, request.after);
      }
      left -= batch.rowCount;
      if (left > 0 && !budget.isSpent) return Promise.resolve(true);
      done.isWhole = false;
      return Promise.resolve(false);
    },
  );
  return done.isWhole && !budget.signal.aborted;
}

/** One record, or undefined if a reader gets none at this offset. */
export async function readAt(
  request: Pick<ScanRequest, 'config' | 'logger' | 'topic' | 'budget'>,
  { partition, offset }: { readonly partition: number; readonly offset: number },
  isolation: 'read_committed' | 'read_uncommitted',
): Promise<SourceRecord | undefined> {
  const { config } = request;
  const properties = new Map([...config.consumer.properties, ['isolation.level', isolation] as const]);
  let found: SourceRecord | undefined;
  await scan(
    {
      ...request,
      config: { ...config, consumer: { ...config.consumer, properties } },
      side: 'consumer',
      partitions: new Set([partition]),
      from: { kind: 'offset', offset },
      until: { kind: 'offset', offset: offset + 1 },
      after: 0,
    },
    (row) => {
      if (row.offset !== offset) return false;
      found = { timestampMs: row.timestampMs, key: row.key === null ? null : Buffer.from(row.key) };
      return true;
    },
  );
  return found;
}
