/** Questions to a cluster, and the one change that kd can make to it: creating topics. */

export interface BrokerNode {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/**
 * Kafka's names, e.g. `READ`, `DESCRIBE`; null: this broker does not report them. Without an authorizer all
 * are allowed.
 */
export type Operations = readonly string[] | null;

export interface ClusterDescription {
  readonly clusterId: string | null;
  /** −1: not known. */
  readonly controller: number;
  readonly nodes: readonly BrokerNode[];
  readonly operations: Operations;
}

/** A separate answer for each item of the question: 0, or Kafka's code and words. */
export interface Answered {
  readonly code: number;
  readonly text: string;
}

export interface PartitionDescription {
  readonly id: number;
  /** −1: none. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

export interface TopicDescription extends Answered {
  readonly name: string;
  /** Base64; zeros or empty from brokers before 2.8. */
  readonly topicId: string;
  readonly operations: Operations;
  readonly partitions: readonly PartitionDescription[];
}

export interface Setting {
  readonly name: string;
  /** null: secret. */
  readonly value: string | null;
  /** Set for this topic, not inherited. */
  readonly own: boolean;
}

export interface Settings extends Answered {
  readonly name: string;
  readonly entries: readonly Setting[];
}

export interface GroupMember {
  readonly clientId: string;
  /** Static membership; null or '': none. */
  readonly instanceId: string | null;
  readonly memberId: string;
  readonly host: string;
  /** How many partitions are assigned to it. */
  readonly partitions: number;
  /** Which; undefined: not said. */
  readonly assigned?: readonly TopicPlace[];
}

export interface GroupDescription extends Answered {
  readonly group: string;
  /** Stable, Empty, Dead, PreparingRebalance … */
  readonly state: string;
  readonly type: string;
  readonly assignor: string;
  readonly coordinator: BrokerNode | null;
  readonly operations: Operations;
  readonly members: readonly GroupMember[];
}

export interface TopicPlace {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffset extends TopicPlace, Answered {
  readonly offset: number;
}

export interface GroupOffset extends PartitionOffset {
  /** The metadata text that the committing member stored with the offset. */
  readonly metadata: string;
}

export interface NewOffset extends TopicPlace {
  readonly offset: number;
  readonly metadata: string;
}

export interface ListedOffset extends PartitionOffset {
  /** ms since 1970; −1: none. */
  readonly timestamp: number;
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly configs: ReadonlyMap<string, string>;
}

export interface TopicResult extends Answered {
  readonly name: string;
}

export interface FoundTime extends TopicPlace {
  readonly offset: number;
  /** ms since 1970; −1: not known. */
  readonly timestamp: number;
  /** False: too many records were read, or none can be; the offset is the brokers' answer. */
  readonly isRecord: boolean;
}

/**
 * Reads on from where the brokers say that a time (ms) begins, to the first record of it or later that a
 * reader gets. Partitions without one are missing in the answer.
 */
export type FirstOfTime = (
  timestampMs: number,
  begins: readonly (TopicPlace & { readonly offset: number })[],
) => Promise<readonly FoundTime[]>;

/**
 * Every question rejects when it can't be sent or gets no answer in time; the error's `code` is librdkafka's.
 */
export interface ClusterAdmin {
  describeCluster(): Promise<ClusterDescription>;
  topicNames(): Promise<readonly string[]>;
  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]>;
  topicSettings(names: readonly string[], settings: readonly string[]): Promise<readonly Settings[]>;
  brokerSettings(brokerId: number, settings: readonly string[]): Promise<Settings>;
  describeGroup(group: string): Promise<GroupDescription>;
  /** All committed offsets of the group; −1 means none. */
  committedOffsets(group: string): Promise<readonly GroupOffset[]>;
  /** Commits for a group without members; one answer per place. Rejects for a group that has some. */
  alterOffsets(group: string, offsets: readonly NewOffset[]): Promise<readonly PartitionOffset[]>;
  /**
   * `stable`: where the first open transaction begins, else the end. A number: the first entry of that time
   * (ms) or later, be it a record or a transaction marker; its offset is −1 if there is none.
   */
  offsets(
    which: 'earliest' | 'latest' | 'stable' | 'largest-timestamp' | number,
    places: readonly TopicPlace[],
  ): Promise<readonly ListedOffset[]>;
  readonly firstOfTime: FirstOfTime;
  createTopics(
    topics: readonly NewTopic[],
    options: { readonly validateOnly: boolean },
  ): Promise<readonly TopicResult[]>;
  close(): Promise<void>;
}
