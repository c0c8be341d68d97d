/** What test/java is asked, and what it answers. */

/** Describes records that both sides can generate from a seed; see Recipe.java. Defaults in brackets. */
export interface Recipe {
  /** [1] Also determines the run id: records of another seed are foreign. */
  readonly seed?: number;
  readonly records: number;
  /** Partitions of the topic to fill. */
  readonly partitions: number;
  /**
   * [binary] avro and json: {id: long, time: long, amount: double, name: string, tags: string[3]}, id =
   * partition × 2^40 + sequence.
   */
  readonly format?: 'binary' | 'json' | 'avro';
  /** [98] Approximate size of a value in bytes. */
  readonly bytes?: number;
  readonly bytesMin?: number;
  readonly bytesMax?: number;
  /** [none] mixed: null, empty and random binary keys. entity: 1000 distinct keys. */
  readonly keys?: 'none' | 'sequence' | 'entity' | 'mixed';
  /** [false] 0–4 binary headers per record: repeated names, empty and null values. */
  readonly headers?: boolean;
  /**
   * [false] Always puts the identity into the header `record-id`, for transforms that change the value beyond
   * recognition.
   */
  readonly idHeader?: boolean;
  /** [false] A tenth of the values null or empty. */
  readonly holes?: boolean;
  readonly timestampBaseMs?: number;
}

export type ClientProperties = Readonly<Record<string, string>>;
export type Isolation = 'read_committed' | 'read_uncommitted';

export interface TopicSpec {
  readonly name: string;
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface ProduceRequest {
  readonly topic: string;
  readonly recipe: Recipe;
  /** Only the sequence numbers [from, to) of every partition. */
  readonly from?: number;
  readonly to?: number;
  readonly perSecond?: number;
  readonly properties?: ClientProperties;
  readonly timeoutMs?: number;
}

export interface VerifyRequest {
  readonly topics: readonly string[];
  readonly recipe: Recipe;
  /**
   * [bytes] bytes: key, value, headers and timestamp must be exact; id: only identity and order are compared.
   */
  readonly compare?: 'bytes' | 'id';
  /** [[1]] Expected copies of a record: `copies[sequence % copies.length]`. */
  readonly copies?: readonly number[];
  /** Headers with this prefix are not compared (`kd-` of dead letters). */
  readonly headerPrefixIgnored?: string;
  /** [true] */
  readonly timestamps?: boolean;
  /** [false] The record must be in the same partition as its source. */
  readonly samePartition?: boolean;
  readonly isolation?: Isolation;
  readonly properties?: ClientProperties;
  readonly timeoutMs?: number;
}

export interface VerifyResult {
  readonly records: number;
  readonly expected: number;
  readonly missing: number;
  /** Arrivals beyond the expected number. */
  readonly duplicates: number;
  /** First arrivals after a later record of their partition. */
  readonly reordered: number;
  readonly altered: number;
  readonly foreign: number;
  /** Jumps back to records seen before, and how many records the longest jump covers. */
  readonly replays: number;
  readonly replayWindowMax: number;
  readonly examples: readonly string[];
}

export interface DigestRequest {
  readonly topics: readonly string[];
  /** [bytes] json: a value counts for what it means, not for how it is written. */
  readonly values?: 'bytes' | 'json';
}

/** Says what a topic holds, in whatever order. */
export interface TopicDigest {
  readonly topic: string;
  readonly records: number;
  /** Of keys, values, headers and timestamps. */
  readonly content: string;
  /** The same with each record's partition. */
  readonly placed: string;
}

export interface PlainRecord {
  readonly key?: Buffer | null;
  readonly value?: Buffer | null;
  readonly headers?: readonly (readonly [string, Buffer | null])[];
  readonly partition?: number;
  readonly timestamp?: number;
}

export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
}

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface CommittedPlace extends PartitionOffset {
  /** [empty] What the committing member kept beside it. */
  readonly metadata?: string;
}

export type Mutation =
  | 'drop'
  | 'duplicate'
  | 'swap'
  | 'alter-value'
  | 'alter-key'
  | 'alter-header'
  | 'alter-timestamp'
  | 'null-value';

export interface CopyRequest {
  readonly from: string;
  readonly to: string;
  readonly recipe: Recipe;
  readonly mutate?: { readonly kind: Mutation; readonly partition: number; readonly sequence: number };
}

export interface GroupState {
  readonly state: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly clientId: string;
    readonly instanceId: string | null;
    readonly partitions: readonly string[];
  }[];
}

/**
 * What a user may do with a topic, group, transactional id or the cluster (`kafka-cluster`). Operations as
 * Kafka names them: READ, DESCRIBE…
 */
export interface Right {
  readonly resource: 'topic' | 'group' | 'transactional_id' | 'cluster';
  /** `*` means all. */
  readonly name: string;
  readonly operations: readonly string[];
}
