import type { Block } from '../../core/batch.js';
import type { BlockPool } from '../../core/block-pool.js';
import { type Flight, letGoOfOutput, type Part } from '../flight.js';

/**
 * Hands output blocks to flights. Every flight has one from birth, reserved together with its input block,
 * and keeps one until it is through. A continuation waits for a free one, the oldest flight first. That wait
 * always ends: the oldest flight is at the head of all of its partitions, so its earlier parts are written at
 * once and settle, and the block of a settled part comes back to its own flight, whatever the budget says.
 */
export class OutputBlocks {
  private readonly blocks: BlockPool;
  private readonly waiters: { flight: Flight; resolve: (block: Block | undefined) => void }[] = [];

  constructor(blocks: BlockPool) {
    this.blocks = blocks;
  }

  /** Undefined when the flight was abandoned meanwhile. */
  take(flight: Flight): Promise<Block | undefined> {
    const spare = flight.spareOutput;
    if (spare !== undefined) {
      flight.spareOutput = undefined;
      return Promise.resolve(spare);
    }
    const block = this.waiters.length === 0 ? this.blocks.take() : undefined;
    if (block !== undefined) return Promise.resolve(block);
    return new Promise((resolve) => {
      this.waiters.push({ flight, resolve });
      this.waiters.sort((a, b) => a.flight.id - b.flight.id);
    });
  }

  /** An output block that was not used (or whose content is void): stays with its flight, or goes back. */
  release(block: Block, flight: Flight): void {
    if (flight.spareOutput === undefined && !flight.abandoned) flight.spareOutput = block;
    else this.blocks.give(block);
  }

  giveBackSpare(flight: Flight): void {
    if (flight.spareOutput === undefined) return;
    this.blocks.give(flight.spareOutput);
    flight.spareOutput = undefined;
  }

  /**
   * A settled part's block; idempotent. It may be reused at once: what is still to be asked of it is kept.
   */
  giveBackPart(part: Part, flight: Flight): void {
    if (part.released) return;
    letGoOfOutput(part);
    if (part.external) this.blocks.releaseExternal(part.output.bytes.byteLength);
    else this.comeBack(part.output, flight);
  }

  /** Call after blocks came back or were settled, before intake takes any. */
  serveWaiters(): void {
    while (this.waiters.length > 0) {
      const waiter = this.waiters[0];
      if (waiter === undefined) return;
      const block = waiter.flight.abandoned ? undefined : this.blocks.take();
      if (block === undefined && !waiter.flight.abandoned) return;
      this.waiters.shift();
      waiter.resolve(block);
    }
  }

  /** Intake, and younger flights, must never hold all blocks while a flight that is not through waits. */
  private comeBack(block: Block, flight: Flight): void {
    const waiting = flight.abandoned ? -1 : this.waiters.findIndex((waiter) => waiter.flight === flight);
    if (waiting >= 0) this.waiters.splice(waiting, 1)[0]?.resolve(block);
    else if (!flight.transformDone && flight.spareOutput === undefined && !flight.abandoned)
      flight.spareOutput = block;
    else this.blocks.give(block);
  }
}
