import type { Clock } from '../../ports/clock.js';
import { Limits } from '../settings.js';

/**
 * - `joining`: the group has not answered, or took everything back and is about to answer again.
 * - `positioning`: partitions were assigned; the brokers have not said yet from where to read them.
 * - `owner`: at least one partition is read.
 * - `spare`: the group answered, with no partition: it has more members than partitions. Healthy: this
 * member takes over when another leaves.
 * - `lost`: the session ended, and the partitions with it; the client joins again by itself.
 */
export type MembershipState = 'joining' | 'positioning' | 'owner' | 'spare' | 'lost';

/**
 * What the group has assigned to this member: the basis of readiness and of the messages about a run without
 * partitions.
 */
export class Membership {
  private readonly clock: Clock;
  private current: MembershipState = 'joining';
  private sinceMs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * An empty answer counts only after a while: under the cooperative protocol a member first gets nothing,
   * and its partitions only when the others have given them up.
   */
  get state(): MembershipState {
    const isSettled = this.clock.nowMs() - this.sinceMs >= Limits.spareSettledMs;
    return this.current === 'spare' && !isSettled ? 'joining' : this.current;
  }

  /** The group answered. `owned`: how many partitions were read before. */
  assigned(count: number, owned: number): void {
    if (owned > 0) this.enter('owner');
    else this.enter(count > 0 ? 'positioning' : 'spare');
  }

  opened(owned: number): void {
    if (owned > 0) this.enter('owner');
  }

  /** Revoked in order. */
  revoked(owned: number): void {
    if (owned === 0 && this.current === 'owner') this.enter('joining');
  }

  /** The session ended: from this moment this member owns no partition. */
  lost(): void {
    this.enter('lost');
  }

  private enter(next: MembershipState): void {
    if (next === this.current) return;
    this.current = next;
    this.sinceMs = this.clock.nowMs();
  }
}
