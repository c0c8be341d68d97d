import type { Clock } from '../../../src/ports/clock.js';
import type { Random } from './random.js';

interface Entry {
  readonly atMs: number;
  /** Events of the same moment happen in random order. */
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** Virtual time, which advances only when the next event is taken; a binary heap of callbacks. */
export class VirtualClock implements Clock {
  private now = 0;
  private readonly random: Random;
  private readonly heap: Entry[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  nowMs(): number {
    return this.now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry: Entry = {
      atMs: this.now + Math.max(0, delayMs),
      order: this.random.next(),
      callback,
      cancelled: false,
    };
    this.push(entry);
    return () => {
      entry.cancelled = true;
    };
  }

  /** Runs the next event. False when there is none left. */
  step(): boolean {
    for (let entry = this.pop(); entry !== undefined; entry = this.pop()) {
      if (entry.cancelled) continue;
      this.now = entry.atMs;
      entry.callback();
      return true;
    }
    return false;
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !before(entry, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  private pop(): Entry | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = at * 2 + 1;
      const right = left + 1;
      let childAt = left;
      let child = heap[left];
      const other = heap[right];
      if (child === undefined) break;
      if (other !== undefined && before(other, child)) {
        child = other;
        childAt = right;
      }
      if (!before(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
    return top;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
