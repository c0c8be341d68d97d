import type { DispatcherError } from '../../core/errors.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

/**
 * No broker can be reached, or none accepts this client any more, while no record moves: the run is not
 * ready, and where trying again will not help, it ends after `stallTimeoutMs`. As long as records move over
 * the remaining connections, this is not a problem yet.
 */
export class ConnectionTrouble {
  private readonly state: RunState;
  private moved = -1;
  private movedAtMs: number;
  private error: DispatcherError | undefined;

  constructor(state: RunState) {
    this.state = state;
    this.movedAtMs = state.deps.clock.nowMs();
  }

  /** For /readyz and the status. */
  get stalled(): string | undefined {
    return this.error?.message;
  }

  get remedy(): string | undefined {
    return this.error?.remedy;
  }

  /** Called on every tick. */
  tick(): void {
    const { deps, settings, lifecycle, accounting } = this.state;
    const trouble = deps.source.trouble?.() ?? deps.sink.trouble?.();
    const now = deps.clock.nowMs();
    const moved = trouble === undefined ? -1 : movedIn(accounting.snapshot());
    if (trouble === undefined || moved !== this.moved || lifecycle.isStopping()) {
      this.moved = moved;
      this.movedAtMs = now;
      this.error = undefined;
      return;
    }
    const stillMs = now - this.movedAtMs;
    if (stillMs > Math.min(Limits.troubleStillMs, settings.stallTimeoutMs)) this.error = trouble.error;
    if (stillMs > settings.stallTimeoutMs && !trouble.error.retryable) this.state.fail(trouble.error);
  }
}

function movedIn({
  consumed,
  transformed,
  filtered,
  deadLettered,
}: Record<'consumed' | 'transformed' | 'filtered' | 'deadLettered', number>): number {
  return consumed + transformed + filtered + deadLettered;
}
