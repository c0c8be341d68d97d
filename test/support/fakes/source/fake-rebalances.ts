import type { PartitionId } from '../../../../src/core/batch.js';
import type { AssignedPartition } from '../../../../src/ports/source.js';
import type { FakeWorld } from '../fake-world.js';

/**
 * `revoke-fenced`: the group reassigns the partitions while we are still draining them, so the last commit is
 * refused.
 */
export interface RebalanceStep {
  readonly afterMs: number;
  readonly kind: 'assign' | 'revoke' | 'revoke-fenced' | 'lost';
  /** The fraction of the possible partitions that is affected; 1: all (the eager protocol). */
  readonly share: number;
}

interface Member {
  assigned(ids: readonly PartitionId[]): void;
  revoked(ids: readonly PartitionId[], lost: boolean): void;
  isOpen(id: PartitionId): boolean;
  violation(what: string): void;
}

/** Partitions must be opened within this time, whatever is wrong with one of them. */
const OPEN_MAX_MS = 6000;

/** The group's events for its fake member, one after the other, and whether the member answers them. */
export class FakeRebalances {
  private readonly world: FakeWorld;
  private readonly member: Member;
  private readonly stepsLeft: RebalanceStep[];
  private pending: { readonly kind: 'open' | 'close'; readonly ids: ReadonlySet<PartitionId> } | undefined;
  /** When the assigned partitions must be open. */
  private openByMs = Number.POSITIVE_INFINITY;
  /** Lost partitions that the dispatcher was informed of. */
  private readonly lost = new Set<PartitionId>();
  private over = false;

  constructor(world: FakeWorld, steps: readonly RebalanceStep[], member: Member) {
    this.world = world;
    this.stepsLeft = [...steps];
    this.member = member;
  }

  isLost(id: PartitionId): boolean {
    return this.lost.has(id);
  }

  /** The time to open the partitions that the group gave last is over. */
  get isOpenLate(): boolean {
    return this.world.clock.nowMs() > this.openByMs;
  }

  end(): void {
    this.over = true;
  }

  /** The group's next event comes only after the last one was answered. */
  next(): void {
    this.pending = undefined;
    const step = this.stepsLeft.shift();
    if (step !== undefined) this.world.clock.after(step.afterMs, () => this.rebalance(step));
  }

  private rebalance(step: RebalanceStep): void {
    if (this.over) return;
    const { group, random } = this.world;
    const all = [...group.partitions.values()];
    const meant = all.filter(({ owner }) => (owner === 'us') === (step.kind !== 'assign'));
    const ids = (step.share >= 1 ? meant : random.some(meant, step.share)).map(({ log }) => log.id);
    this.pending = { kind: step.kind === 'assign' ? 'open' : 'close', ids: new Set(ids) };
    if (step.kind === 'assign') {
      group.give(ids, 'us');
      this.leaveToOther(all.filter(({ owner }) => owner === 'none').map(({ log }) => log.id));
      for (const id of ids) this.lost.delete(id);
      this.openByMs = this.world.clock.nowMs() + OPEN_MAX_MS;
      this.member.assigned(ids);
      return;
    }
    const lost = step.kind === 'lost';
    if (lost) {
      group.give(ids, 'other');
      // As in the adapter, the writer sends nothing of a lost partition from now on.
      for (const id of ids) {
        group.epochs.set(id, 0);
        this.lost.add(id);
      }
    } else if (step.kind === 'revoke-fenced') {
      this.world.clock.after(random.int(500), () =>
        group.give(
          ids.filter((id) => group.partition(id).owner === 'us' && this.member.isOpen(id)),
          'other',
        ),
      );
    }
    this.member.revoked(ids, lost);
  }

  /** For a while the partitions are unassigned, then the other member gets them. */
  leaveToOther(ids: readonly PartitionId[]): void {
    const { group, clock, random } = this.world;
    group.give(ids, 'none');
    clock.after(random.int(1000), () =>
      group.give(
        ids.filter((id) => group.partition(id).owner === 'none'),
        'other',
      ),
    );
  }

  /** A call that does not answer what the group asked is a violation. */
  answers(kind: 'open' | 'close', partitions: readonly AssignedPartition[]): void {
    const ids = new Set(partitions.map(({ partitionId }) => partitionId));
    const { pending } = this;
    const fits =
      pending !== undefined &&
      pending.kind === kind &&
      pending.ids.size === ids.size &&
      [...ids].every((id) => pending.ids.has(id));
    if (!fits)
      this.member.violation(
        `${kind} of [${[...ids].join(' ')}] does not answer what the group asked: ${pending?.kind} of ` +
          `[${[...(pending?.ids ?? [])].join(' ')}]`,
      );
  }
}
