/** Records what a source reports and decides nothing itself: the contract tests answer step by step. */
import type { Block, Fault, InputBatch } from '../../src/core/batch.js';
import type { CommitsEvents, CommittedOffset } from '../../src/ports/commits.js';
import type { GroupEvents } from '../../src/ports/group.js';
import type { AssignedPartition, PartitionProgress, SourceEvents } from '../../src/ports/source.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';

export interface ReadRow {
  readonly partitionId: number;
  readonly epoch: number;
  readonly offset: number;
}

export interface Rebalance {
  readonly kind: 'assigned' | 'revoked' | 'lost';
  readonly partitions: readonly AssignedPartition[];
}

export class SourceDriver implements SourceEvents, GroupEvents, CommitsEvents {
  readonly batches: { readonly blockId: number; readonly rowCount: number }[] = [];
  readonly rows: ReadRow[] = [];
  readonly faults: Fault[] = [];
  readonly rebalances: Rebalance[] = [];
  readonly confirmed: CommittedOffset[] = [];
  readonly oversizes: number[] = [];
  readonly failures: Error[] = [];
  progressed = 0;
  /** Called with each batch's block after its rows were recorded. */
  onBatch: (block: Block) => void = () => undefined;
  readonly #reader = new InputBatchReader();

  batch(batch: InputBatch): void {
    this.#reader.open(batch.block.bytes);
    this.batches.push({ blockId: batch.block.id, rowCount: batch.rowCount });
    for (const { partitionId, epoch, firstRow, rowCount } of batch.segments) {
      for (let row = firstRow; row < firstRow + rowCount; row += 1) {
        this.rows.push({ partitionId, epoch, offset: this.#reader.offset(row) });
      }
    }
    this.faults.push(...batch.faults);
    this.onBatch(batch.block);
  }

  assigned(partitions: readonly AssignedPartition[]): void {
    this.rebalances.push({ kind: 'assigned', partitions });
  }

  revoked(partitions: readonly AssignedPartition[], lost: boolean): void {
    this.rebalances.push({ kind: lost ? 'lost' : 'revoked', partitions });
  }

  spare(): void {
    this.rebalances.push({ kind: 'assigned', partitions: [] });
  }

  committed(offsets: readonly CommittedOffset[], error?: Error): void {
    if (error === undefined) this.confirmed.push(...offsets);
  }

  replaced(partitions: readonly AssignedPartition[]): void {
    this.failures.push(new Error(`${partitions.length} partitions of a topic that was created again`));
  }

  oversize(bytes: number): void {
    this.oversizes.push(bytes);
  }

  progress(partitions: readonly PartitionProgress[]): void {
    this.progressed += partitions.length;
  }

  failed(error: Error): void {
    this.failures.push(error);
  }

  offsetsOf(partitionId: number, from = 0): number[] {
    return this.rows
      .slice(from)
      .filter((row) => row.partitionId === partitionId)
      .map(({ offset }) => offset);
  }

  confirmedIn(partitionId: number): number | undefined {
    return this.confirmed.findLast((one) => one.partitionId === partitionId)?.offset;
  }
}
