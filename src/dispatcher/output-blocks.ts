import type { BatchId, Block } from '../core/batch.js';
import type { BlockPool } from '../core/block-pool.js';
import { letGoOfOutput, type Flight, type Part } from './flight.js';

/**
 * Hands output blocks to flights. Every flight has one from birth, reserved together with its input block. A continuation waits for a free one,
 * the oldest flight first. That wait always ends: the oldest flight is at the head of all of its partitions, so its earlier parts are written at
 * once and settle, and the block of a settled part goes to the oldest waiter directly, before intake and whatever the budget says.
 */
export class OutputBlocks {
  private readonly blocks: BlockPool;
  private readonly flights: ReadonlyMap<BatchId, Flight>;
  private readonly waiters: { flight: Flight; resolve: (block: Block | undefined) => void }[] = [];

  constructor(blocks: BlockPool, flights: ReadonlyMap<BatchId, Flight>) {
    this.blocks = blocks;
    this.flights = flights;
  }

  /** Undefined when the flight was abandoned meanwhile. */
  take(flight: Flight): Promise<Block | undefined> {
    const spare = flight.spareOutput;
    if (spare !== undefined) {
      flight.spareOutput = undefined;
      return Promise.resolve(spare);
    }
    const block = this.waiters.length === 0 ? this.takeFree() : undefined;
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

  giveBackPart(part: Part): void {
    if (part.released) return;
    if (part.external) this.blocks.releaseExternal(part.output.bytes.byteLength);
    else this.blocks.give(part.output);
  }

  /** Call after blocks came back or parts settled, before intake takes any. */
  serveWaiters(): void {
    while (this.waiters.length > 0) {
      const waiter = this.waiters[0];
      if (waiter === undefined) return;
      const block = waiter.flight.abandoned ? undefined : this.takeFree();
      if (block === undefined && !waiter.flight.abandoned) return;
      this.waiters.shift();
      waiter.resolve(block);
    }
  }

  private takeFree(): Block | undefined {
    return this.blocks.take() ?? this.takeSettled();
  }

  /** A flight may need more blocks than there are: those of its settled parts are not kept until its end. */
  private takeSettled(): Block | undefined {
    for (const flight of this.flights.values()) {
      for (const part of flight.parts) {
        if (part.state !== 'settled' || part.released) continue;
        letGoOfOutput(part);
        if (!part.external) return part.output;
        this.blocks.releaseExternal(part.output.bytes.byteLength);
        const block = this.blocks.take();
        if (block !== undefined) return block;
      }
    }
    return undefined;
  }
}
