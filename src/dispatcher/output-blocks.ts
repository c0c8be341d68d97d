import type { Block } from '../core/batch.js';
import type { BlockPool } from '../core/block-pool.js';
import { HEADER_BYTES } from '../wire/layout.js';
import type { Flight, Part } from './flight.js';

/**
 * Hands output blocks to flights. Every flight has one from birth, reserved together with its input block. A continuation waits for a free one,
 * the oldest flight first. That wait always ends: the oldest flight is at the head of all of its partitions, so its earlier parts are written at once,
 * settle, and the block that comes free goes to the oldest waiter, before intake.
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

  /** Idempotent. The block may be reused at once; what is still wanted of it is kept. */
  giveBackPart(part: Part, flight: Flight): void {
    if (part.outcomes !== undefined) return;
    part.outcomes = part.identity ? new Uint8Array(0) : part.output.bytes.slice(HEADER_BYTES, HEADER_BYTES + part.sourceRowCount);
    if (part.external) this.blocks.releaseExternal(part.output.bytes.byteLength);
    else this.comeBack(part.output, flight);
  }

  /** A flight that is not through keeps one output block: intake, and younger flights, must never hold all of them while it waits. */
  private comeBack(block: Block, flight: Flight): void {
    const waiting = this.waiters.findIndex((waiter) => waiter.flight === flight && !flight.abandoned);
    if (waiting >= 0) this.waiters.splice(waiting, 1)[0]?.resolve(block);
    else if (!flight.transformDone && flight.spareOutput === undefined && !flight.abandoned) flight.spareOutput = block;
    else this.blocks.give(block);
  }

  /** Call after blocks came back, before intake takes any. */
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

  get waiting(): number {
    return this.waiters.length;
  }
}
