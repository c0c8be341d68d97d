/** Reads and writes the records of one job in the topic of jobs. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import {
  JOB_RECORD_BYTES_MAX,
  JobRecordFault,
  type JobRecordKind,
  type JobValues,
  keyText,
  valueText,
} from '../../core/jobs/job-record.js';
import { type JobState, jobState, type StoredRecord } from '../../core/jobs/job-state.js';
import type { Logger } from '../../ports/logger.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { readWith } from '../compose/reader.js';
import { copying, type Records, withWriter } from '../compose/writer.js';

/** Its partition holds all records, however many the topic has: their order decides which pin counts. */
const PARTITION = 0;
const READ_TIMEOUT_MS = 30_000;

export interface JobStoreParts {
  readonly config: ResolvedConfig;
  /** The consumer group of the job. */
  readonly group: string;
  readonly logger: Logger;
}

/** Calls `use` with the records of the job, and closes the producer afterwards. */
export function withJobStore<Result>(
  parts: JobStoreParts,
  use: (store: JobStore) => Promise<Result>,
): Promise<Result> {
  const { config, logger } = parts;
  const topic = config.dispatcher.jobsTopic;
  return withWriter(
    { config, clientId: config.name, topic, partition: 'key', logger, side: 'consumer' },
    (records) => use(new JobStore(parts, records)),
  );
}

export class JobStore {
  readonly #parts: JobStoreParts;
  readonly #records: Records;

  constructor(parts: JobStoreParts, records: Records) {
    this.#parts = parts;
    this.#records = records;
  }

  /** Undefined: the job has never begun. */
  read(): Promise<JobState | undefined> {
    return readJob(this.#parts);
  }

  /** Resolves when it is acknowledged. */
  async write<Kind extends JobRecordKind>(
    { run, kind, id }: { readonly run: number; readonly kind: Kind; readonly id: string },
    value: JobValues[Kind],
  ): Promise<void> {
    const text = Buffer.from(valueText(kind, value));
    if (text.length > JOB_RECORD_BYTES_MAX)
      throw new DispatcherError(
        'USAGE',
        `the job has too many partitions: its ${kind} record would be ${text.length} bytes long, and ` +
          `${JOB_RECORD_BYTES_MAX} is the limit`,
        { remedy: 'split the job with --partitions, or by topics' },
      );
    await this.#add(keyText({ group: this.#parts.group, run, kind, id }), text);
    await this.#acknowledged();
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#add(key, undefined);
    await this.#acknowledged();
  }

  get #topic(): string {
    return this.#parts.config.dispatcher.jobsTopic;
  }

  async #add(key: string, value: Buffer | undefined): Promise<void> {
    const encode = value === undefined ? undefined : copying(value);
    const record = {
      key: Buffer.from(key),
      headers: [],
      partition: PARTITION,
      timestampMs: undefined,
      encode,
    };
    await this.#records.add(record, 0);
  }

  async #acknowledged(): Promise<void> {
    const before = this.#records.failedCount;
    await this.#records.drain();
    const failure = this.#records.failed[before] ?? this.#records.failed.at(-1);
    if (this.#records.failedCount === before || failure === undefined) return;
    throw new DispatcherError(
      'KAFKA_REFUSED',
      `a record of the job was not written to ${this.#topic}: ${failure.words ?? failure.name}`,
      { remedy: `give this user WRITE on the topic ${this.#topic}, then run the same command again` },
    );
  }
}

/** Needs no producer. Undefined: the job has never begun. */
export async function readJob(parts: JobStoreParts): Promise<JobState | undefined> {
  try {
    return jobState(parts.group, await storedRecords(parts));
  } catch (fault) {
    if (!(fault instanceof JobRecordFault)) throw fault;
    const topic = parts.config.dispatcher.jobsTopic;
    throw new DispatcherError('CONFIGURATION', `${topic}[${PARTITION}]: ${fault.message}`, {
      remedy: 'use the version of kd that began the job or a newer one, or another --job name',
      cause: fault,
    });
  }
}

async function storedRecords({ config, group, logger }: JobStoreParts): Promise<readonly StoredRecord[]> {
  const topic = config.dispatcher.jobsTopic;
  const prefix = Buffer.from(`${group}/`);
  const found: StoredRecord[] = [];
  const rows = new InputBatchReader();
  const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
  // A partition that the table does not name is not read.
  const from = { kind: 'table', file: '', offsets: new Map([[topic, new Map([[PARTITION, 0]])]]) } as const;
  const range = { from, until: { kind: 'end' }, groupId: undefined } as const;
  await readWith(config, 'consumer', { topic, range, placed: () => undefined, logger, signal }, (batch) => {
    rows.open(batch.block.bytes);
    for (let row = 0; row < rows.rowCount; row++) {
      const record = recordOf(rows, row, prefix);
      if (record !== undefined) found.push(record);
    }
    return Promise.resolve(true);
  });
  if (signal.aborted)
    throw new DispatcherError(
      'KAFKA_UNREACHABLE',
      `${topic} was not read to its end in ${READ_TIMEOUT_MS} ms`,
      {
        remedy: 'run kd doctor to see what can be reached, then repeat the command',
      },
    );
  return found;
}

/** Undefined: not of this job. */
function recordOf(rows: InputBatchReader, row: number, prefix: Buffer): StoredRecord | undefined {
  const [keyStart, keyLength] = [rows.keyStart(row), rows.keyLength(row)];
  if (keyLength < prefix.length) return undefined;
  if (prefix.compare(rows.bytes, keyStart, keyStart + prefix.length) !== 0) return undefined;
  const [start, length] = [rows.valueStart(row), rows.valueLength(row)];
  return {
    offset: rows.offset(row),
    key: rows.bytes.toString('utf8', keyStart, keyStart + keyLength),
    value: length < 0 ? null : rows.bytes.toString('utf8', start, start + length),
  };
}
