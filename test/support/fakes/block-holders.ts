import type { Block } from '../../../src/core/batch.js';

/**
 * Tracks who may touch a block. Offering, filling or writing a block that is still in use would tear records
 * in production; here it is an error immediately.
 */
export class BlockHolders {
  private readonly holders = new Map<Uint8Array, Map<string, number>>();
  private heldBytes = 0;
  peakBytes = 0;

  hold(block: Block, holder: string): void {
    const byName = this.holders.get(block.bytes) ?? new Map<string, number>();
    if (byName.size === 0) {
      this.holders.set(block.bytes, byName);
      this.heldBytes += block.bytes.byteLength;
      this.peakBytes = Math.max(this.peakBytes, this.heldBytes);
    }
    byName.set(holder, (byName.get(holder) ?? 0) + 1);
  }

  release(block: Block, holder: string): void {
    const byName = this.holders.get(block.bytes);
    const count = byName?.get(holder);
    if (byName === undefined || count === undefined)
      throw new Error(`${holder} releases block ${block.id}, which it does not hold`);
    if (count > 1) byName.set(holder, count - 1);
    else byName.delete(holder);
    if (byName.size > 0) return;
    this.holders.delete(block.bytes);
    this.heldBytes -= block.bytes.byteLength;
  }

  /** Throws when anyone but the allowed ones holds the block. */
  mustBeFree(block: Block, wanted: string, allowed: readonly string[] = []): void {
    for (const name of this.holders.get(block.bytes)?.keys() ?? []) {
      if (!allowed.includes(name))
        throw new Error(`block ${block.id} is taken for ${wanted}, but the ${name} still uses it`);
    }
  }

  get bytes(): number {
    return this.heldBytes;
  }
}
