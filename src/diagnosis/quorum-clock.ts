/**
 * The time of Kafka's controller. No request asks for it, but one answer contains it: DescribeQuorum says
 * when each voter fetched last, and for the leader, which fetches from nobody, it says "now". Needs a KRaft
 * cluster from 3.3 on, and the right to DESCRIBE the cluster.
 */
import { BadAnswer, type WireRequest } from './kafka-wire.js';

export const DESCRIBE_QUORUM = 55;
const VERSION = 1;
const TOPIC = '__cluster_metadata';
/** Voters and observers of a partition that are read. */
const REPLICAS_MAX = 1_000;
const REPLICA_BYTES_MIN = 29;

/** The header of this request ends with an empty list of tagged fields, written here in front of the body. */
export function quorumRequest(): WireRequest {
  const name = Buffer.from(TOPIC, 'utf8');
  // One topic, one partition: number 0.
  const topics = [Buffer.from([2, name.length + 1]), name, Buffer.from([2, 0, 0, 0, 0, 0, 0])];
  return {
    api: DESCRIBE_QUORUM,
    version: VERSION,
    body: Buffer.concat([Buffer.from([0]), ...topics, Buffer.from([0])]),
  };
}

/** ms since 1970 by the leader's clock; undefined if the user has no right to ask, or there is no leader. */
export function readQuorumTime(answer: Buffer): number | undefined {
  const reader = new CompactReader(answer);
  reader.skipTags();
  if (reader.int16() !== 0 || reader.count() < 1) return undefined;
  reader.skipText();
  if (reader.count() < 1) return undefined;
  reader.skip(4);
  if (reader.int16() !== 0) return undefined;
  const leader = reader.int32();
  // Skips the leader's epoch and its high watermark.
  reader.skip(4 + 8);
  for (let left = Math.min(reader.count(), REPLICAS_MAX); left > 0; left--) {
    const id = reader.int32();
    reader.skip(8);
    const fetchedMs = reader.int64();
    const caughtUpMs = reader.int64();
    reader.skipTags();
    if (id === leader)
      return Math.max(fetchedMs, caughtUpMs) > 0 ? Math.max(fetchedMs, caughtUpMs) : undefined;
  }
  return undefined;
}

/**
 * The newer encoding: lengths are variable integers, plus one. Checks every read against the bytes that are
 * left.
 */
class CompactReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#take(8)));
  }

  count(): number {
    const count = this.#unsigned() - 1;
    if (count > this.#bytes.length / REPLICA_BYTES_MIN + 1)
      throw new BadAnswer('a list that is longer than the answer');
    return count;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  skipText(): void {
    this.#take(Math.max(0, this.#unsigned() - 1));
  }

  skipTags(): void {
    for (let left = this.#unsigned(); left > 0; left--) {
      this.#unsigned();
      this.#take(this.#unsigned());
    }
  }

  #unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#take(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new BadAnswer('a variable-length integer that does not end');
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#bytes.length - at) throw new BadAnswer('an answer that is shorter than its length');
    this.#at += bytes;
    return at;
  }
}
