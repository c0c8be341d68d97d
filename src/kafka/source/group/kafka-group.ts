/** The group's side of a member: which partitions are assigned and revoked. */
import type { Group, GroupEvents } from '../../../ports/group.js';
import { inArea } from '../../../ports/logger.js';
import type { AssignedPartition } from '../../../ports/source.js';
import { errorText, type KafkaConsumer, kafkaErrorCode, type TopicPartition } from '../../rdkafka.js';
import type { Statistics } from '../../statistics/document.js';
import { guarded, type Member } from '../member.js';
import type { Session } from '../session.js';
import { EmptyHanded } from './empty-handed.js';

export class KafkaGroup implements Group {
  readonly #member: Member;
  #events: GroupEvents | undefined;
  /** The first rebalance event arrived: the group knows this member. */
  #joined = false;
  readonly #emptyHanded: EmptyHanded | undefined;

  constructor(member: Member) {
    this.#member = member;
    const protocol = member.options.cluster.properties.get('group.protocol')?.toLowerCase();
    this.#emptyHanded = protocol === 'consumer' ? new EmptyHanded() : undefined;
  }

  listen(events: GroupEvents): void {
    this.#events = events;
  }

  close(partitions: readonly AssignedPartition[]): void {
    this.#closeReading(partitions);
    this.#member.session?.rebalance.unassign(partitions);
  }

  /** A join is pending. Without a topic librdkafka has not sent one. */
  get joining(): boolean {
    const { topics, liveness } = this.#member;
    return topics.found && (!this.#joined || liveness.joining);
  }

  /** The join was refused: leaving need not wait for it. */
  refused(): void {
    this.#joined = true;
  }

  /** At the end of a run; stored offsets are committed. */
  closeAll(): void {
    const open = this.#member.registry.allOpen;
    this.#closeReading(open);
    guarded(this.#member, () => this.#member.session?.rebalance.releaseAll(open));
  }

  note(statistics: Statistics | undefined): void {
    const { options, stopping } = this.#member;
    if (stopping || this.#emptyHanded?.note(statistics, options.nowMs()) !== true) return;
    this.#joined = true;
    this.#events?.spare();
  }

  /** Handles a rebalance event of librdkafka. */
  rebalance(consumer: KafkaConsumer, error: unknown, partitions: readonly TopicPartition[]): void {
    const { session, liveness, stopping, registry, events, options } = this.#member;
    // While leaving, and for a client that never got a session: every assignment is given back immediately,
    // or the disconnect never ends.
    if (session === undefined || session.connected.leaving) {
      consumer.unassign();
      return;
    }
    const code = kafkaErrorCode(error) ?? 0;
    const kind = session.rebalance.arrived(code);
    this.#joined = true;
    this.#emptyHanded?.event();
    if (kind === 'assign') liveness.joinAnswered();
    if (stopping) {
      this.#closeReading(registry.allOpen);
      session.rebalance.releaseAll(registry.allOpen);
      return;
    }
    const named = partitions.map((partition) => registry.assigned(partition));
    if (kind === 'assign') events?.assigned(named);
    else if (kind === 'revoke') this.#revoked(session, named);
    else
      inArea(options.logger, 'group').warn(`kafka consumer: rebalance error: ${errorText(error)}`, { code });
  }

  #revoked({ connected }: Session, partitions: readonly AssignedPartition[]): void {
    const { native, table } = this.#member.options;
    const lost = native.assignmentLost(connected.handleId);
    if (lost) {
      this.#member.commits.lost(partitions.map(({ partitionId }) => partitionId));
      // Another member owns them: the writer must send no more of their rows from this moment, not only after
      // the close.
      for (const { partitionId } of partitions) table.setEpoch(partitionId, 0);
    }
    this.#events?.revoked(partitions, lost);
  }

  #closeReading(partitions: readonly AssignedPartition[]): void {
    const { registry, commits, session } = this.#member;
    for (const partition of partitions) {
      registry.close(partition);
      commits.allow(partition.partitionId);
      session?.reader.close(partition.partitionId);
    }
  }
}
