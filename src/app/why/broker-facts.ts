/** What the brokers know of a record's partition and of the group. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { ClusterAdmin, GroupMember, ListedOffset } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { isForeignCommit, topicIdOf } from '../compose/offsets.js';
import { withAdmin } from '../groups/with-admin.js';
import { identityOf } from '../receipts/run-facts.js';

export interface PartitionFacts {
  readonly low: number;
  readonly end: number;
  /** Where the first open transaction begins, else the end. */
  readonly stable: number;
  /** As receipts have it; null: brokers before 2.8 have none. */
  readonly receiptId: string | null;
  readonly isCompacted: boolean;
}

export interface GroupFacts {
  readonly group: string;
  /** Undefined: the group has committed nothing in this partition. */
  readonly committed: number | undefined;
  /** The commit belongs to an earlier topic of that name. */
  readonly isForeign: boolean;
  /** Of the whole group. */
  readonly members: number;
  /** Who has the partition; undefined: nobody, or it is not said. */
  readonly owner: GroupMember | undefined;
}

export interface BrokerFacts {
  /** Undefined: the topic has that many partitions only. */
  readonly partition: PartitionFacts | undefined;
  readonly partitions: number;
  readonly group: GroupFacts | undefined;
}

/** `partitions` is 0 if there is no such topic, or this user may not see it. */
export function askBrokers(
  config: ResolvedConfig,
  logger: Logger,
  place: RecordPlace,
  group: string | undefined,
): Promise<BrokerFacts> {
  return withAdmin(config, logger, async (admin) => {
    const [described] = await admin.describeTopics([place.topic]);
    const partitions = described?.code === 0 ? described.partitions.length : 0;
    if (place.partition >= partitions) return { partition: undefined, partitions, group: undefined };
    const topicId = topicIdOf(described?.topicId);
    const [partition, ofGroup] = await Promise.all([
      partitionFacts(admin, place, identityOf(place.topic, described?.topicId ?? '').id),
      group === undefined ? undefined : groupFacts(admin, place, { group, topicId }),
    ]);
    return { partition, partitions, group: ofGroup };
  });
}

async function partitionFacts(
  admin: ClusterAdmin,
  place: RecordPlace,
  receiptId: string | null,
): Promise<PartitionFacts> {
  const places = [place];
  const [lows, ends, stables, settings] = await Promise.all([
    admin.offsets('earliest', places),
    admin.offsets('latest', places),
    admin.offsets('stable', places),
    // Asking for it may be forbidden, and is not needed.
    admin.topicSettings([place.topic], ['cleanup.policy']).catch(() => []),
  ]);
  const isCompacted = settings.some(({ entries }) => entries.some(({ value }) => value?.includes('compact')));
  return { low: offsetIn(lows), end: offsetIn(ends), stable: offsetIn(stables), receiptId, isCompacted };
}

function offsetIn([answer]: readonly ListedOffset[]): number {
  if (answer?.code === 0) return answer.offset;
  throw new DispatcherError(
    'KAFKA_UNREACHABLE',
    `the first and last offset can't be read: ${answer?.text ?? 'no answer'}`,
    { remedy: 'bring the leader of the partition back, then try again' },
  );
}

async function groupFacts(
  admin: ClusterAdmin,
  { topic, partition }: RecordPlace,
  { group, topicId }: { readonly group: string; readonly topicId: string | undefined },
): Promise<GroupFacts> {
  const [commits, described, cluster] = await Promise.all([
    admin.committedOffsets(group),
    admin.describeGroup(group),
    admin.describeCluster(),
  ]);
  const commit = commits.find((one) => one.topic === topic && one.partition === partition);
  if (commit !== undefined && commit.code !== 0)
    throw new DispatcherError(
      'KAFKA_REFUSED',
      `the committed offset of group ${group} can't be read: ${commit.text}`,
      { remedy: 'give this user DESCRIBE on the group and on the topic' },
    );
  const owner = described.members.find(({ assigned }) =>
    assigned?.some((one) => one.topic === topic && one.partition === partition),
  );
  return {
    group,
    committed: commit === undefined || commit.offset < 0 ? undefined : commit.offset,
    isForeign: commit !== undefined && isForeignCommit(commit.metadata, cluster.clusterId, topicId),
    members: described.members.length,
    owner,
  };
}
