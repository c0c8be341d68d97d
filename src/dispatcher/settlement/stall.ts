import type { PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { LogMethod } from '../../ports/logger.js';
import { levelInOutage } from '../outage-words.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

export interface DestinationFault {
  readonly topic: string;
  readonly name: string;
  /** Details beyond the name, if known. */
  readonly words?: string;
  /** Kafka refuses the client for missing rights or credentials: trying again will not help. */
  readonly refused: boolean;
  readonly rows: number;
  /** The last record of each partition that the topic did not accept. */
  readonly lastOffsets: ReadonlyMap<PartitionId, number>;
}

/** Records that a topic did not accept, starting at the committable offset of that moment. */
interface Awaited {
  readonly sinceMs: number;
  readonly from: number;
  readonly last: number;
}

/**
 * A destination that can't be written to: reading stops visibly, the committed position is read again after a
 * pause, and when a record was not delivered for `stallTimeoutMs` the run stops without committing it.
 * Nothing is dropped.
 */
export class Stall {
  private readonly state: RunState;
  private readonly rewind: (reason: string, delayMs: number) => void;
  /** Undefined before the first tick: a start may take long, whatever is delivered meanwhile. */
  private lastDeliveryMs: number | undefined;
  private failingSinceMs: number | undefined;
  private backoffMs: number = Limits.destinationBackoffMs;
  private warnedAtMs: number | undefined;
  /** When the last delivery before the warning was. */
  private silentSinceMs: number | undefined;
  private warnedLevel: LogMethod = 'warn';
  private fault: DestinationFault | undefined;
  /**
   * Removed when settled, revoked, or read from another position: then nothing waits for the failing topic
   * any more.
   */
  private readonly awaited = new Map<PartitionId, Awaited>();

  constructor(state: RunState, rewind: (reason: string, delayMs: number) => void) {
    this.state = state;
    this.rewind = rewind;
  }

  /** For /readyz and the status: the stalled destination, in words. */
  get stalled(): string | undefined {
    if (this.fault !== undefined) return `topic ${this.fault.topic} can't be written: ${this.fault.name}`;
    return this.warnedAtMs === undefined ? undefined : 'no delivery is acknowledged';
  }

  /** A topic refuses records, as distinct from brokers that are silent. */
  get isRefused(): boolean {
    return this.fault !== undefined;
  }

  /** What a person can do while the run tries on. */
  get remedy(): string {
    return this.fault === undefined ? SILENCE_REMEDY : `create or repair topic ${this.fault.topic}`;
  }

  /**
   * Something was acknowledged. That does not end a failure: a topic may accept part of each batch forever,
   * or one topic everything while another accepts nothing. It ends when what failed is settled.
   */
  delivered(): void {
    if (this.lastDeliveryMs !== undefined) this.lastDeliveryMs = this.state.deps.clock.nowMs();
    if (this.failingSinceMs === undefined && this.warnedAtMs !== undefined) this.recovered();
  }

  /** Call it when something was settled or revoked. */
  check(): void {
    if (this.failingSinceMs === undefined || this.isAwaited()) return;
    this.lastDeliveryMs = this.state.deps.clock.nowMs();
    this.recovered();
  }

  private recovered(): void {
    const { logger, clock } = this.state.deps;
    const sinceMs = this.failingSinceMs ?? this.silentSinceMs ?? clock.nowMs();
    const forMs = Math.round(clock.nowMs() - sinceMs);
    // A stall that was not announced, as part of an outage, needs no end of its own.
    const level = this.warnedLevel === 'debug' ? 'debug' : 'info';
    logger[level](`delivery continues after ${Math.round(forMs / 1_000)} s`, {
      topic: this.fault?.topic,
      forMs,
    });
    this.warnedLevel = 'warn';
    this.silentSinceMs = undefined;
    this.failingSinceMs = undefined;
    this.warnedAtMs = undefined;
    this.fault = undefined;
    this.awaited.clear();
    this.backoffMs = Limits.destinationBackoffMs;
  }

  destinationFailed(fault: DestinationFault): void {
    const now = this.state.deps.clock.nowMs();
    if (this.failingSinceMs === undefined || !this.isAwaited()) this.failingSinceMs = now;
    this.fault = fault;
    for (const [partitionId, last] of fault.lastOffsets) {
      const from = this.state.partitions.offsets(partitionId)?.committable;
      if (from !== undefined && !this.awaited.has(partitionId))
        this.awaited.set(partitionId, { sinceMs: now, from, last });
    }
    // Missing rights do not come back by waiting, so the run ends immediately with what is missing;
    // undelivered records are not committed.
    if (
      fault.refused ||
      now - this.failingSinceMs + this.backoffMs > this.state.settings.stallTimeoutMs ||
      this.state.lifecycle.isStopping()
    ) {
      this.state.fail(this.error(fault));
      return;
    }
    this.warnedLevel = 'warn';
    this.state.deps.logger.error(
      'stalled: the destination refuses records; nothing is dropped, the records are read again',
      {
        topic: fault.topic,
        code: fault.name,
        records: fault.rows,
        retryInMs: this.backoffMs,
        givesUpInMs: this.state.settings.stallTimeoutMs - (now - this.failingSinceMs),
      },
    );
    this.rewind(`topic ${fault.topic} could not be written (${fault.name})`, this.backoffMs);
    this.backoffMs = Math.min(this.backoffMs * 2, Limits.destinationBackoffMaxMs);
  }

  /**
   * Called on every tick. librdkafka retries transient faults forever by itself, so silence is watched too.
   */
  tick(waitingForDelivery: boolean): void {
    const now = this.state.deps.clock.nowMs();
    this.check();
    if (!waitingForDelivery) {
      if (this.failingSinceMs === undefined) this.lastDeliveryMs = now;
      return;
    }
    this.lastDeliveryMs ??= now;
    const silentMs = now - this.lastDeliveryMs;
    if (silentMs > this.state.settings.stallTimeoutMs) {
      this.state.fail(this.fault === undefined ? silence(silentMs, this.topics()) : this.error(this.fault));
    } else if (
      silentMs > Math.min(Limits.stallWarnMs, this.state.settings.stallTimeoutMs / 3) &&
      this.warnedAtMs === undefined
    ) {
      this.warnedAtMs = now;
      this.silentSinceMs = this.lastDeliveryMs;
      this.warnedLevel = levelInOutage(this.state);
      this.state.deps.logger[this.warnedLevel]('stalled: no delivery is acknowledged', {
        topics: this.topics(),
        silentMs: Math.round(silentMs),
        givesUpInMs: Math.round(this.state.settings.stallTimeoutMs - silentMs),
      });
    }
  }

  /** The failure is as old as the record that has waited longest. */
  private isAwaited(): boolean {
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const [partitionId, awaited] of this.awaited) {
      const committable = this.state.partitions.offsets(partitionId)?.committable;
      if (committable === undefined || committable < awaited.from || committable > awaited.last)
        this.awaited.delete(partitionId);
      else sinceMs = Math.min(sinceMs, awaited.sinceMs);
    }
    if (this.awaited.size > 0) this.failingSinceMs = sinceMs;
    return this.awaited.size > 0;
  }

  private topics(): string {
    const NAMES_MAX = 5;
    const names = [...this.state.topicNames.values()];
    return `${names.slice(0, NAMES_MAX).join(', ')}${names.length > NAMES_MAX ? ' …' : ''}`;
  }

  private error(fault: DestinationFault): DispatcherError {
    const forMs = Math.round(
      this.state.deps.clock.nowMs() - (this.failingSinceMs ?? this.state.deps.clock.nowMs()),
    );
    const message =
      `topic ${fault.topic} can't be written: ${fault.name}` +
      `${fault.words === undefined ? '' : ` (${fault.words})`}${forMs > 0 ? `, for ${forMs} ms` : ''}`;
    if (fault.refused)
      return (
        this.state.deps.sink.refusal?.(fault.name, fault.topic, fault.name) ??
        new DispatcherError('KAFKA_REFUSED', message, {
          remedy: `allow this client to write to topic ${fault.topic}`,
        })
      );
    return new DispatcherError('DESTINATION_STALLED', message, {
      remedy:
        `create or repair topic ${fault.topic}, then start again: nothing was lost, and what was not ` +
        `delivered is not committed`,
    });
  }
}

const SILENCE_REMEDY =
  'check that these topics still exist and that the brokers of the producer cluster are up ' +
  '(under-replicated partitions, min.insync.replicas)';

function silence(silentMs: number, topics: string): DispatcherError {
  return new DispatcherError(
    'DESTINATION_STALLED',
    `no delivery to ${topics} was acknowledged for ${Math.round(silentMs)} ms`,
    {
      remedy: `${SILENCE_REMEDY}, then start again`,
    },
  );
}
