/**
 * The few Kafka requests that a probe sends, in versions without tagged fields, and their answers, which are
 * read without trust.
 */
import { ProbeLimits } from './limits.js';
import type { AdvertisedBroker, TopicFacts } from './types.js';

export const Api = { metadata: 3, saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 } as const;

/** Error codes that a probe acts on. */
export const WireCode = {
  none: 0,
  unsupportedMechanism: 33,
  illegalSaslState: 34,
  unsupportedVersion: 35,
  saslAuthenticationFailed: 58,
} as const;

const CLIENT_ID = 'kd-probe';

/** An answer that is not Kafka's protocol. */
export class BadAnswer extends Error {}

export interface WireRequest {
  readonly api: number;
  readonly version: number;
  readonly body: Buffer;
}

/** The request as bytes, with its length in front and a header of version 1. */
export function frame({ api, version, body }: WireRequest, correlationId: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeInt16BE(api, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(correlationId, 4);
  const payload = Buffer.concat([header, string(CLIENT_ID), body]);
  return Buffer.concat([int32(payload.length), payload]);
}

export function apiVersionsRequest(): WireRequest {
  return { api: Api.apiVersions, version: 0, body: Buffer.alloc(0) };
}

export function saslHandshakeRequest(mechanism: string): WireRequest {
  return { api: Api.saslHandshake, version: 1, body: string(mechanism) };
}

export function saslAuthenticateRequest(bytes: Buffer): WireRequest {
  return { api: Api.saslAuthenticate, version: 0, body: Buffer.concat([int32(bytes.length), bytes]) };
}

/** Version 4 is the oldest that can forbid creating a topic by asking for it. */
export function metadataRequest(topics: readonly string[]): WireRequest {
  return {
    api: Api.metadata,
    version: 4,
    body: Buffer.concat([int32(topics.length), ...topics.map(string), Buffer.from([0])]),
  };
}

export type ApiVersions = ReadonlyMap<number, readonly [min: number, max: number]>;

export function readApiVersions(answer: Buffer): { readonly code: number; readonly versions: ApiVersions } {
  const reader = new WireReader(answer);
  const code = reader.int16();
  const versions = new Map<number, readonly [number, number]>();
  for (let left = reader.count(6); left > 0; left--)
    versions.set(reader.int16(), [reader.int16(), reader.int16()]);
  return { code, versions };
}

export function readSaslHandshake(answer: Buffer): {
  readonly code: number;
  readonly mechanisms: readonly string[];
} {
  const reader = new WireReader(answer);
  const code = reader.int16();
  return { code, mechanisms: Array.from({ length: reader.count(2) }, () => reader.string()) };
}

export function readSaslAuthenticate(answer: Buffer): {
  readonly code: number;
  readonly text: string;
  readonly bytes: Buffer;
} {
  const reader = new WireReader(answer);
  return { code: reader.int16(), text: reader.string(), bytes: reader.bytes() };
}

export interface MetadataAnswer {
  readonly brokers: readonly AdvertisedBroker[];
  readonly topics: readonly TopicFacts[];
}

export function readMetadata(answer: Buffer): MetadataAnswer {
  const reader = new WireReader(answer);
  // Skips the throttle time.
  reader.int32();
  const brokers = Array.from({ length: reader.count(12) }, () => {
    const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() };
    reader.string();
    return broker;
  });
  // Skips the cluster's id and its controller.
  reader.string();
  reader.int32();
  const topics = Array.from({ length: reader.count(9) }, () => readTopic(reader));
  return { brokers, topics };
}

function readTopic(reader: WireReader): TopicFacts {
  const code = reader.int16();
  const name = reader.string();
  reader.int8();
  const partitions = Array.from({ length: reader.count(18) }, () => {
    reader.int16();
    const partition = reader.int32();
    const leader = reader.int32();
    return { partition, leader, replicas: reader.skipInt32s(), inSync: reader.skipInt32s() };
  });
  return { name, code, partitions };
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8').subarray(0, 32_767);
  const length = Buffer.alloc(2);
  length.writeInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * Checks every read against the bytes that are left, and every count against the least size of its entries.
 */
class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** A null string is returned as an empty one. */
  string(): string {
    const length = this.int16();
    const start = this.#take(Math.max(0, length));
    return this.#bytes.toString('utf8', start, this.#at);
  }

  bytes(): Buffer {
    const length = this.int32();
    const start = this.#take(Math.max(0, length));
    return this.#bytes.subarray(start, this.#at);
  }

  count(entryBytesMin: number): number {
    const count = Math.max(0, this.int32());
    if (count > ProbeLimits.entriesMax || count * entryBytesMin > this.#bytes.length - this.#at)
      throw new BadAnswer('a list that is longer than the answer');
    return count;
  }

  skipInt32s(): number {
    const count = this.count(4);
    this.#take(count * 4);
    return count;
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw new BadAnswer('an answer that ends too early');
    this.#at += length;
    return start;
  }
}
