import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';

const INTERVAL_MS = 30_000;
/** Kinds of lines that are remembered; any further ones share one limit. */
const KINDS_MAX = 1000;

interface Kind {
  lastMs: number;
  heldBack: number;
}

/**
 * For lines that a fault can repeat endlessly: each kind is logged at most once per interval, with the number
 * suppressed.
 */
export class LogLimit {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly kinds = new Map<string, Kind>();

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** `kind` identifies lines that count as equal, e.g. the partition. */
  warn(kind: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const now = this.clock.nowMs();
    const key = this.kinds.has(kind) || this.kinds.size < KINDS_MAX ? kind : '';
    const known = this.kinds.get(key);
    if (known !== undefined && now - known.lastMs < INTERVAL_MS) {
      known.heldBack++;
      return;
    }
    this.kinds.set(key, { lastMs: now, heldBack: 0 });
    const held = known?.heldBack ?? 0;
    this.logger.warn(message, held === 0 ? fields : { ...fields, heldBack: held });
  }
}
