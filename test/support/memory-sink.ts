/** A sink that keeps what it is given, for code that writes through a {@link RecordWriter}. */
import type { BatchId, Block } from '../../src/core/batch.js';
import { RecordWriter } from '../../src/kafka/tools/record-writer.js';
import type { DeliveryFailure, Settled, Sink, SinkEvents } from '../../src/ports/sink.js';
import { PlainTable } from '../kafka/support.js';
import { OutputBatchReader, type OutputRecord } from './output-reader.js';

const TOPIC = 4;

/** What becomes of a record; undefined: it is acknowledged. */
export type Refusal = (record: OutputRecord) => Omit<DeliveryFailure, 'part' | 'outputRow'> | undefined;

export class MemorySink implements Sink {
  /** In the order in which they were acknowledged. */
  readonly records: OutputRecord[] = [];
  /** The batches that were sent, by their number of rows. */
  readonly batches: number[] = [];
  refuse: Refusal = () => undefined;
  /** Settles nothing while true. */
  isHeld = false;
  readonly #held: Settled[] = [];
  #events: SinkEvents | undefined;

  start(events: SinkEvents): Promise<void> {
    this.#events = events;
    return Promise.resolve();
  }

  topic(name: string): ReturnType<Sink['topic']> {
    return Promise.resolve({ name, number: TOPIC, partitionCount: 1 });
  }

  write(batchId: BatchId, part: number, _input: Block, output: Block): void {
    const batch = new OutputBatchReader(output.bytes);
    const { rowCount } = batch.header;
    this.batches.push(rowCount);
    const failures: DeliveryFailure[] = [];
    for (let outputRow = 0; outputRow < rowCount; outputRow++) {
      const record = batch.record(outputRow);
      const refusal = this.refuse(record);
      if (refusal === undefined) this.records.push(record);
      else failures.push({ part, outputRow, ...refusal });
    }
    this.#held.push({ batchId, part, acknowledged: rowCount - failures.length, failures, stale: 0 });
    if (!this.isHeld) setImmediate(() => this.release());
  }

  /** Settles what is held, in order. */
  release(): void {
    for (const settled of this.#held.splice(0)) this.#events?.settled(settled);
  }

  fail(error: Error): void {
    this.#events?.failed(error);
  }

  purge(): void {
    this.release();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface MemoryWriting {
  readonly sink: MemorySink;
  readonly writer: RecordWriter;
}

export async function memoryWriting(): Promise<MemoryWriting> {
  const sink = new MemorySink();
  const writer = new RecordWriter(sink, await sink.topic('t'), new PlainTable());
  await sink.start({
    settled: (settled) => writer.settled(settled),
    failed: (error) => writer.fail(error),
  });
  return { sink, writer };
}
