/** The doctor's questions to the brokers: the group of a job, and timestamps that show their clocks. */
import { BROKER_WRITTEN_TOPIC } from '../../checks/clock.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClusterAdmin, GroupDescription, ListedOffset, PartitionOffset } from '../../ports/admin.js';
import type { TopicFacts } from './cluster-facts.js';

/** A transaction that is open for longer is said to hang. */
const HANGING_MS = 30_000;
const OFFSETS_RETENTION = 'offsets.retention.minutes';

export interface GroupFacts {
  readonly group: GroupDescription;
  readonly committed: readonly PartitionOffset[];
  readonly earliest: readonly ListedOffset[];
  readonly latest: readonly ListedOffset[];
  /** Empty with `read_uncommitted`: nothing waits for transactions then. */
  readonly stable: readonly ListedOffset[];
  /** The first record of the last half minute; −1 where there is none. */
  readonly recent: readonly ListedOffset[];
  readonly offsetsKeptMs: number | undefined;
}

/** Answers that the user has no right to are empty. */
export async function askForGroup(
  config: ResolvedConfig,
  admin: ClusterAdmin,
  facts: TopicFacts | undefined,
): Promise<GroupFacts> {
  const { groupId, properties } = config.consumer;
  const group = await admin.describeGroup(groupId);
  const places = (facts?.needed ?? []).flatMap((needed) =>
    needed.role === 'input'
      ? (facts?.found.get(`consumer/${needed.name}`)?.partitions ?? [])
          .filter(({ leader }) => leader >= 0)
          .map(({ id }) => ({ topic: needed.name, partition: id }))
      : [],
  );
  const none: readonly ListedOffset[] = [];
  const isStable = properties.get('isolation.level') !== 'read_uncommitted';
  const [committed, earliest, latest, stable, recent, offsetsKeptMs] = await Promise.all([
    admin.committedOffsets(groupId).catch(() => none),
    places.length === 0 ? none : admin.offsets('earliest', places).catch(() => none),
    places.length === 0 ? none : admin.offsets('latest', places).catch(() => none),
    places.length === 0 || !isStable ? none : admin.offsets('stable', places).catch(() => none),
    places.length === 0 || !isStable
      ? none
      : admin.offsets(Date.now() - HANGING_MS, places).catch(() => none),
    offsetsKept(admin, facts),
  ]);
  return { group, committed, earliest, latest, stable, recent, offsetsKeptMs };
}

async function offsetsKept(admin: ClusterAdmin, facts: TopicFacts | undefined): Promise<number | undefined> {
  const node = facts?.clusters.consumer?.nodes[0]?.id;
  if (node === undefined) return undefined;
  try {
    const { entries } = await admin.brokerSettings(node, [OFFSETS_RETENTION]);
    const minutes = Number(entries.find(({ name }) => name === OFFSETS_RETENTION)?.value ?? Number.NaN);
    return Number.isFinite(minutes) ? minutes * 60_000 : undefined;
  } catch {
    return undefined;
  }
}

/** The latest timestamp that a broker wrote itself, or the reason why there is none. */
export async function askForTime(
  admin: ClusterAdmin,
): Promise<{ readonly writtenMs: number | undefined; readonly whyNot: string }> {
  const [topic] = await admin.describeTopics([BROKER_WRITTEN_TOPIC]);
  const places = (topic?.partitions ?? [])
    .filter(({ leader }) => leader >= 0)
    .map(({ id }) => ({ topic: BROKER_WRITTEN_TOPIC, partition: id }));
  const whyNot =
    'Kafka has no request for its time, and this user may not read timestamps that show it ' +
    '(DESCRIBE on the cluster for KRaft from 3.3 on, on __consumer_offsets from 3.0 on)';
  const answers = places.length === 0 ? [] : await admin.offsets('largest-timestamp', places).catch(() => []);
  const times = answers.filter(({ code }) => code === 0).map(({ timestamp }) => timestamp);
  return { writtenMs: times.length === 0 ? undefined : Math.max(...times), whyNot };
}
