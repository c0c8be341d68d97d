import { LineLimit, sampledLine } from '../core/log/line-limit.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';

/**
 * For lines that a fault can repeat endlessly: each kind is logged at most once per interval, with the number
 * suppressed.
 */
export class LogLimit {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly limit = new LineLimit({ intervalMs: 60_000, kindsMax: 1_000 });

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** `kind` identifies lines that count as equal, e.g. the partition. */
  warn(kind: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const held = this.limit.admit(kind, this.clock.nowMs());
    if (held === undefined) return;
    const line = sampledLine(message, held);
    this.logger.warn(line.message, { ...fields, ...line.fields });
  }
}
