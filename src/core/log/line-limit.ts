/** Lets one line of each kind through per interval, and counts the others. */

/** How many lines of a kind were held back, and in what time. */
export interface HeldBack {
  readonly count: number;
  readonly elapsedMs: number;
}

interface Kind {
  lastMs: number;
  count: number;
}

export class LineLimit {
  readonly #intervalMs: number;
  /** Kinds that are remembered; any further ones share one limit. */
  readonly #kindsMax: number;
  readonly #kinds = new Map<string, Kind>();

  constructor(limits: { readonly intervalMs: number; readonly kindsMax: number }) {
    this.#intervalMs = limits.intervalMs;
    this.#kindsMax = limits.kindsMax;
  }

  /** What was held back of this kind before this line; undefined: hold this one back, too. */
  admit(kind: string, nowMs: number): HeldBack | undefined {
    const key = this.#kinds.has(kind) || this.#kinds.size < this.#kindsMax ? kind : '';
    const known = this.#kinds.get(key);
    if (known === undefined) {
      this.#kinds.set(key, { lastMs: nowMs, count: 0 });
      return { count: 0, elapsedMs: 0 };
    }
    if (nowMs - known.lastMs < this.#intervalMs) {
      known.count += 1;
      return undefined;
    }
    const held = { count: known.count, elapsedMs: nowMs - known.lastMs };
    known.lastMs = nowMs;
    known.count = 0;
    return held;
  }
}

/** The line says itself what it stands for, in words and as a field. */
export function sampledLine(
  message: string,
  { count, elapsedMs }: HeldBack,
): { readonly message: string; readonly fields: { readonly suppressed?: number } } {
  if (count === 0) return { message, fields: {} };
  const time = elapsedMs >= 90_000 ? `${Math.round(elapsedMs / 60_000)} min` : secondsOf(elapsedMs);
  return {
    message: `${message} (${count.toLocaleString('en-US')} more like this in the last ${time})`,
    fields: { suppressed: count },
  };
}

function secondsOf(elapsedMs: number): string {
  return `${Math.max(1, Math.round(elapsedMs / 1_000))} s`;
}
