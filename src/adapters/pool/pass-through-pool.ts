import { DispatcherError } from '../../core/errors.js';
import type { OutputTopic } from '../../ports/sink.js';
import {
  NOTHING_ANSWERED,
  type TransformPool,
  type TransformResult,
  type TransformTask,
} from '../../ports/transform-pool.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { writeIdentity } from '../../wire/output-writer.js';

export interface PassThroughInit {
  /** Every record goes here. */
  readonly topic: OutputTopic;
  readonly threads: number;
  /** Opens the pool that makes dead letters; called at most once, with the first records to reject. */
  readonly open: () => Promise<TransformPool>;
}

/**
 * Records pass unread: a batch is answered immediately, by a header that names its rows, so no worker has to
 * run. Records whose delivery is refused become dead letters, which are made record by record: for the first
 * of them a pool with threads is started.
 */
export class PassThroughPool implements TransformPool {
  readonly threads: number;
  private readonly topic: OutputTopic;
  private readonly open: () => Promise<TransformPool>;
  private readonly reader = new InputBatchReader();
  private rejecting: Promise<TransformPool> | undefined;
  /** Set before it is started, so a start that hangs can be closed. */
  private rejector: TransformPool | undefined;
  private stopping = false;
  private closed = false;

  constructor({ topic, threads, open }: PassThroughInit) {
    this.topic = topic;
    this.threads = threads;
    this.open = open;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async run(task: TransformTask): Promise<TransformResult> {
    if (this.closed) throw new DispatcherError('DEFECT', 'the pool is not running');
    if (task.rejectWith === undefined) return this.passOn(task);
    this.rejecting ??= this.startRejecting();
    return (await this.rejecting).run(task);
  }

  get busy(): number {
    return this.rejector?.busy ?? 0;
  }

  get trouble(): string | undefined {
    return this.rejector?.trouble;
  }

  signalStop(): void {
    this.stopping = true;
    this.rejector?.signalStop();
  }

  async close(deadlineMs: number): Promise<void> {
    this.closed = true;
    await this.rejector?.close(deadlineMs);
  }

  private passOn({ input, output, firstRow, rowCount }: TransformTask): TransformResult {
    this.reader.open(input.bytes);
    if (rowCount < 1 || firstRow + rowCount > this.reader.rowCount)
      throw new DispatcherError(
        'DEFECT',
        `a task for rows ${firstRow}..+${rowCount} of a batch with ${this.reader.rowCount}`,
      );
    const { number } = this.topic;
    writeIdentity(output.bytes, firstRow, rowCount, number);
    const outputBytes = Math.round((this.reader.payloadBytes * rowCount) / this.reader.rowCount);
    const emitted = [[number, rowCount]] as const;
    return { ...NOTHING_ANSWERED, rowsDone: rowCount, outputRows: rowCount, emitted, outputBytes };
  }

  private async startRejecting(): Promise<TransformPool> {
    const pool = await this.open();
    if (this.closed) throw new DispatcherError('DRAIN_CUT', 'the pool was closed before it was ready');
    this.rejector = pool;
    if (this.stopping) pool.signalStop();
    await pool.start();
    return pool;
  }
}
