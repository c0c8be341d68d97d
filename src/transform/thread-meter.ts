/** What a worker thread did besides answering: its event loop and garbage collection. */
import { constants, PerformanceObserver, performance } from 'node:perf_hooks';
import type { GcKind, GcTotal, ThreadUse } from '../core/books/worker-books.js';

const KINDS: ReadonlyMap<unknown, GcKind> = new Map<unknown, GcKind>([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

/**
 * One per thread, and only for a thread whose event loop turns between its tasks: collections are told in
 * such a turn, and would pile up without one.
 */
export class ThreadMeter {
  #loop = performance.eventLoopUtilization();
  #gc: Partial<Record<GcKind, GcTotal>> | undefined;

  constructor() {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#collected(KINDS.get(kindOf(entry)), entry.duration);
    }).observe({ entryTypes: ['gc'] });
  }

  /** The use since the call before. */
  take(tookMs: number): ThreadUse {
    const loop = performance.eventLoopUtilization();
    const loopActiveMs = loop.active - this.#loop.active;
    const gc = this.#gc;
    this.#loop = loop;
    this.#gc = undefined;
    return { tookMs, loopActiveMs, ...(gc === undefined ? {} : { gc }) };
  }

  #collected(kind: GcKind | undefined, ms: number): void {
    if (kind === undefined) return;
    const before = this.#gc?.[kind] ?? { collections: 0, ms: 0 };
    this.#gc = { ...this.#gc, [kind]: { collections: before.collections + 1, ms: before.ms + ms } };
  }
}

function kindOf(entry: object): unknown {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : undefined;
}
