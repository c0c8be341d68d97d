import type { Block } from '../../core/batch.js';
import type { BlockPool } from '../../core/block-pool.js';
import { type InFlightBatch, letGoOfOutput, type Part } from '../in-flight-batch.js';

/**
 * Hands output blocks to batches. Every batch has one from birth, reserved together with its input block,
 * and keeps one until it is through. A continuation waits for a free one, the oldest batch first. That wait
 * always ends: the oldest batch is at the head of all of its partitions, so its earlier parts are written at
 * once and settle, and the block of a settled part comes back to its own batch, whatever the budget says.
 */
export class OutputBlocks {
  private readonly blocks: BlockPool;
  private readonly waiters: { batch: InFlightBatch; resolve: (block: Block | undefined) => void }[] = [];

  constructor(blocks: BlockPool) {
    this.blocks = blocks;
  }

  /** Undefined when the batch was abandoned meanwhile. */
  take(batch: InFlightBatch): Promise<Block | undefined> {
    const spare = batch.spareOutput;
    if (spare !== undefined) {
      batch.spareOutput = undefined;
      return Promise.resolve(spare);
    }
    const block = this.waiters.length === 0 ? this.blocks.take() : undefined;
    if (block !== undefined) return Promise.resolve(block);
    return new Promise((resolve) => {
      this.waiters.push({ batch, resolve });
      this.waiters.sort((a, b) => a.batch.id - b.batch.id);
    });
  }

  /** An output block that was not used (or whose content is void): stays with its batch, or goes back. */
  release(block: Block, batch: InFlightBatch): void {
    if (batch.spareOutput === undefined && !batch.abandoned) batch.spareOutput = block;
    else this.blocks.give(block);
  }

  giveBackSpare(batch: InFlightBatch): void {
    if (batch.spareOutput === undefined) return;
    this.blocks.give(batch.spareOutput);
    batch.spareOutput = undefined;
  }

  /**
   * A settled part's block; idempotent. It may be reused at once: what is still to be asked of it is kept.
   */
  giveBackPart(part: Part, batch: InFlightBatch): void {
    if (part.released) return;
    letGoOfOutput(part);
    if (part.external) this.blocks.releaseExternal(part.output.bytes.byteLength);
    else this.comeBack(part.output, batch);
  }

  /** Call after blocks came back or were settled, before intake takes any. */
  serveWaiters(): void {
    while (this.waiters.length > 0) {
      const waiter = this.waiters[0];
      if (waiter === undefined) return;
      const block = waiter.batch.abandoned ? undefined : this.blocks.take();
      if (block === undefined && !waiter.batch.abandoned) return;
      this.waiters.shift();
      waiter.resolve(block);
    }
  }

  /** Intake, and younger batches, must never hold all blocks while a batch that is not through waits. */
  private comeBack(block: Block, batch: InFlightBatch): void {
    const waiting = batch.abandoned ? -1 : this.waiters.findIndex((waiter) => waiter.batch === batch);
    if (waiting >= 0) this.waiters.splice(waiting, 1)[0]?.resolve(block);
    else if (!batch.transformDone && batch.spareOutput === undefined && !batch.abandoned)
      batch.spareOutput = block;
    else this.blocks.give(block);
  }
}
