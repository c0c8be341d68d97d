import type { Block } from './batch.js';
import { DispatcherError } from './errors.js';

export interface BlockPoolSettings {
  readonly blockBytes: number;
  readonly budgetBytes: number;
  /** Allocates the memory. An `id` is never used twice. */
  readonly create: (bytes: number, id: number) => Block;
}

/**
 * Keeps the books of the in-flight budget. Blocks are allocated when first needed and reused last in, first
 * out, because their pages are still in the caches.
 *
 * Invariant: allocatedBytes = blocks (in use or idle) + external bytes ≤ budgetBytes, with two exceptions:
 * one oversize request while nothing else is in use, and external bytes, which already exist when they are
 * booked. Idle blocks are dropped to make room for either.
 */
export class BlockPool {
  readonly budgetBytes: number;
  readonly blockBytes: number;
  readonly #create: BlockPoolSettings['create'];
  /** Sizes of the blocks in use, by id. */
  readonly #inUse = new Map<number, number>();
  readonly #idle: Block[] = [];
  #nextId = 1;
  #usedBytes = 0;
  #externalBytes = 0;

  constructor(settings: BlockPoolSettings) {
    if (settings.budgetBytes < settings.blockBytes)
      throw defect(
        `a budget of ${settings.budgetBytes} bytes is too small for a block of ${settings.blockBytes}`,
      );
    this.blockBytes = settings.blockBytes;
    this.budgetBytes = settings.budgetBytes;
    this.#create = settings.create;
  }

  /** A block of `blockBytes`; undefined when the budget is used up. */
  take(): Block | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return this.#hand(idle, this.blockBytes);
    if (this.allocatedBytes + this.blockBytes > this.budgetBytes) return undefined;
    return this.#make(this.blockBytes);
  }

  /**
   * Takes an input and an output block, or neither, so that no batch waits for an output block that another
   * waiting batch holds. Blocks larger than `blockBytes` are for one record and are dropped after use; they
   * may exceed the budget only when nothing else is in use.
   */
  takePair(
    inputBytes: number,
    outputBytes: number,
  ): { readonly input: Block; readonly output: Block } | undefined {
    const oversize = [inputBytes, outputBytes].filter((bytes) => bytes > this.blockBytes);
    const plainBytes = (2 - oversize.length) * this.blockBytes;
    const idleBytes = Math.min(plainBytes, this.#idle.length * this.blockBytes);
    const wanted = oversize.reduce((sum, bytes) => sum + bytes, plainBytes);
    if (oversize.length === 0 && this.allocatedBytes + plainBytes - idleBytes > this.budgetBytes)
      return undefined;
    if (oversize.length > 0 && !this.#makeRoom(wanted)) return undefined;
    return { input: this.#takeOrMake(inputBytes), output: this.#takeOrMake(outputBytes) };
  }

  /** Returns a block. */
  give(block: Block): void {
    const bytes = this.#inUse.get(block.id);
    if (bytes === undefined) throw defect(`block ${block.id} was returned, but it is not in use`);
    this.#inUse.delete(block.id);
    this.#usedBytes -= bytes;
    if (bytes === this.blockBytes) this.#idle.push(block);
    this.#dropIdle(this.budgetBytes);
  }

  /** Counts memory that was allocated elsewhere against the budget (a worker's overflow part). */
  bookExternal(bytes: number): void {
    this.#externalBytes += bytes;
    this.#dropIdle(this.budgetBytes);
  }

  releaseExternal(bytes: number): void {
    if (!(bytes >= 0 && bytes <= this.#externalBytes))
      throw defect(`released ${bytes} external bytes of ${this.#externalBytes}`);
    this.#externalBytes -= bytes;
  }

  /** Bytes of the blocks in use, and external bytes. */
  get usedBytes(): number {
    return this.#usedBytes + this.#externalBytes;
  }

  /** Bytes in use and idle. */
  get allocatedBytes(): number {
    return this.usedBytes + this.#idle.length * this.blockBytes;
  }

  #takeOrMake(bytes: number): Block {
    if (bytes > this.blockBytes) return this.#make(bytes);
    const idle = this.#idle.pop();
    return idle === undefined ? this.#make(this.blockBytes) : this.#hand(idle, this.blockBytes);
  }

  /** Whether `bytes` may be allocated now; drops idle blocks if that helps. */
  #makeRoom(bytes: number): boolean {
    if (this.usedBytes > 0 && this.usedBytes + bytes > this.budgetBytes) return false;
    this.#dropIdle(this.budgetBytes - bytes);
    return true;
  }

  #dropIdle(allowedBytes: number): void {
    while (this.#idle.length > 0 && this.allocatedBytes > allowedBytes) this.#idle.shift();
  }

  #make(bytes: number): Block {
    const block = this.#create(bytes, this.#nextId);
    this.#nextId += 1;
    return this.#hand(block, bytes);
  }

  #hand(block: Block, bytes: number): Block {
    this.#inUse.set(block.id, bytes);
    this.#usedBytes += bytes;
    return block;
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `block pool: ${message}`, {
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
