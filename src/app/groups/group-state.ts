/** The brokers' view of a group: its members, and its position in each partition. */
import { matchingTopics } from '../../checks/topic-plan.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type {
  ClusterAdmin,
  GroupDescription,
  GroupOffset,
  ListedOffset,
  TopicDescription,
  TopicPlace,
} from '../../ports/admin.js';

export interface GroupPartition extends TopicPlace {
  /** −1: the group has committed nothing. */
  readonly committed: number;
  /** The committing member's text. */
  readonly metadata: string;
  readonly low: number;
  /** The next offset to be written. */
  readonly end: number;
  /** Where the first open transaction begins, else `end`. */
  readonly stable: number;
}

export interface GroupState {
  readonly description: GroupDescription;
  readonly topics: ReadonlyMap<string, TopicDescription>;
  /** Partitions that have a leader, by topic and number. */
  readonly partitions: readonly GroupPartition[];
  readonly leaderless: readonly TopicPlace[];
  /** Topics that Kafka does not describe: they don't exist, or this user may not see them. */
  readonly notDescribed: readonly TopicDescription[];
}

/** The answer of newer brokers for a group that was never used; it can be reset like any other. */
const GROUP_ID_NOT_FOUND = 69;

export interface GroupRequest {
  readonly groupId: string;
  /** Undefined: those of the configuration if it is the configured group, else those with commits. */
  readonly topics: readonly string[] | undefined;
}

export async function askGroup(
  admin: ClusterAdmin,
  config: ResolvedConfig,
  request: GroupRequest,
): Promise<GroupState> {
  const { groupId } = request;
  const description = await admin.describeGroup(groupId);
  if (description.code !== 0 && description.code !== GROUP_ID_NOT_FOUND)
    throw new DispatcherError('KAFKA_REFUSED', `group ${groupId} can't be described: ${description.text}`, {
      remedy:
        'give this user DESCRIBE on the group, or READ to run as it: ' +
        `kafka-acls.sh --add … --operation Read --group ${groupId}`,
    });
  const committed = new Map((await admin.committedOffsets(groupId)).map((one) => [nameOf(one), one]));
  const names = await topicNames(admin, config, request, [...committed.values()]);
  const answers = await admin.describeTopics(names);
  const topics = new Map(answers.map((topic) => [topic.name, topic]));
  const places = [...topics.values()].flatMap(({ name, partitions }) =>
    partitions.map(({ id, leader }) => ({ topic: name, partition: id, leader })),
  );
  const led = places.filter(({ leader }) => leader >= 0);
  return {
    description,
    topics,
    partitions: await partitionsOf(admin, led, committed),
    leaderless: places.filter(({ leader }) => leader < 0),
    notDescribed: answers.filter(({ code }) => code !== 0),
  };
}

async function topicNames(
  admin: ClusterAdmin,
  { consumer }: ResolvedConfig,
  { groupId, topics }: GroupRequest,
  committed: readonly GroupOffset[],
): Promise<readonly string[]> {
  if (topics !== undefined) return topics;
  const ofCommits = committed.filter(({ offset }) => offset >= 0).map(({ topic }) => topic);
  if (groupId !== consumer.groupId) return [...new Set(ofCommits)].sort();
  const own = consumer.topics;
  const configured =
    'pattern' in own ? matchingTopics(own.pattern, await admin.topicNames()) : [...own.names];
  return [...new Set([...configured, ...ofCommits])].sort();
}

async function partitionsOf(
  admin: ClusterAdmin,
  places: readonly TopicPlace[],
  committed: ReadonlyMap<string, GroupOffset>,
): Promise<readonly GroupPartition[]> {
  if (places.length === 0) return [];
  const [lows, ends, stables] = await Promise.all([
    admin.offsets('earliest', places).then(byName),
    admin.offsets('latest', places).then(byName),
    admin.offsets('stable', places).then(byName),
  ]);
  return places.map(({ topic, partition }) => {
    const name = nameOf({ topic, partition });
    const commit = committed.get(name);
    return {
      topic,
      partition,
      committed: committedOf(commit),
      metadata: commit?.metadata ?? '',
      low: offsetOf(lows, name),
      end: offsetOf(ends, name),
      stable: offsetOf(stables, name),
    };
  });
}

/** An offset that can't be read is not the same as none: a reset would count from the beginning. */
function committedOf(commit: GroupOffset | undefined): number {
  if (commit === undefined) return -1;
  if (commit.code === 0) return commit.offset;
  throw new DispatcherError(
    'KAFKA_REFUSED',
    `the committed offset of ${commit.topic}[${commit.partition}] can't be read: ${commit.text}`,
    { remedy: 'give this user DESCRIBE on the group and on the topic, then try again' },
  );
}

function offsetOf(listed: ReadonlyMap<string, ListedOffset>, name: string): number {
  const answer = listed.get(name);
  if (answer !== undefined && answer.code === 0) return answer.offset;
  throw new DispatcherError(
    'KAFKA_UNREACHABLE',
    `no first and last offset of ${name.replace(' ', '[')}]: ${answer?.text ?? 'no answer'}`,
    { remedy: 'bring its leader back, or give this user DESCRIBE on the topic, then try again' },
  );
}

function byName(listed: readonly ListedOffset[]): ReadonlyMap<string, ListedOffset> {
  return new Map(listed.map((one) => [nameOf(one), one]));
}

function nameOf({ topic, partition }: TopicPlace): string {
  return `${topic} ${partition}`;
}

/** Records that the group has not committed yet, at most (gaps are counted). */
export function lagOf({ committed, low, end }: GroupPartition): number {
  return Math.max(0, end - Math.max(committed, low));
}
