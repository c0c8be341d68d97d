/**
 * The contracts' worlds on librdkafka: a real broker, except where a group must take partitions away on
 * request; there the mock cluster is used.
 */
import { randomBytes } from 'node:crypto';
import type { Block } from '../../src/core/batch.js';
import { createKafkaSink } from '../../src/kafka/sink/kafka-sink.js';
import { createKafkaSource } from '../../src/kafka/source/kafka-source.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { Member, native, newBlock } from '../kafka/member.js';
import { fill } from '../kafka/producing.js';
import { after, RecordingLogger, until } from '../kafka/support.js';
import { uniqueName } from '../support/kafka-cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { SourceDriver } from './driver.js';
import { RecordingEvents, type SinkSetup, type SinkWorld } from './sink.js';
import type { SourceSetup, SourceWorld } from './source-bench.js';

const REST_MS = 400;
const BLOCK_BYTES = 1 << 16;
const HEARTBEAT_API = 12;
const UNKNOWN_MEMBER_ID = 25;
const TOPIC_BYTES_MAX = '3000';

interface Place {
  readonly servers: string;
  readonly topic: string;
  /** Makes the group forget its member. */
  lose(): void;
  close(): void;
}

async function realPlace(partitions: number): Promise<Place> {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName('contract'), { partitions });
  const lose = (): never => {
    throw new Error('a real group does not drop members on request');
  };
  return { servers: cluster.bootstrapServers, topic, lose, close: () => undefined };
}

function mockPlace(partitions: number): Place {
  const mock = new native.MockCluster(1);
  mock.setGroupInitialRebalanceDelayMs(0);
  mock.createTopic('in', partitions, 1);
  const lose = (): void => mock.pushRequestErrors(HEARTBEAT_API, [UNKNOWN_MEMBER_ID]);
  return { servers: mock.bootstrapServers, topic: 'in', lose, close: () => mock.close() };
}

export async function kafkaSourceWorld(setup: SourceSetup): Promise<SourceWorld> {
  const partitions = setup.partitions ?? 2;
  const place = setup.then === 'lose' ? mockPlace(partitions) : await realPlace(partitions);
  const { servers, topic } = place;
  await fill(servers, topic, { partitions, count: setup.records ?? 0 });
  const properties = new Map([
    ['session.timeout.ms', '6000'],
    ['heartbeat.interval.ms', '200'],
    ['partition.assignment.strategy', setup.eager === true ? 'range' : 'cooperative-sticky'],
  ]);
  const source = createKafkaSource({
    clientId: 'contract',
    cluster: { bootstrapServers: servers.split(','), properties },
    groupId: topic,
    topics: { names: [topic] },
    missingTopicsFatal: true,
    autoOffsetReset: 'earliest',
    outOfRange: setup.outOfRange ?? 'stop',
    commitIntervalMs: setup.commitIntervalMs ?? 200,
    reader: {
      recordsMax: 25,
      bytesMax: BLOCK_BYTES,
      lingerMs: 0,
      intervalMs: 0,
      cutPerPartition: false,
      readyBatchesMax: 4,
    },
    native,
    table: new native.PartitionTable(100),
    logger: new RecordingLogger(),
    nowMs: () => performance.now(),
    connectTimeoutMs: 15_000,
  });
  let second: Member | undefined;
  let lastBlock = 0;
  return {
    source,
    group: source.group,
    commits: source.commits,
    driver: new SourceDriver(),
    newBlock: () => {
      lastBlock += 1;
      return newBlock(BLOCK_BYTES, lastBlock);
    },
    run: (promise) => promise,
    until,
    rest: () => after(REST_MS),
    rebalance: async () => {
      if (setup.then === 'lose') place.lose();
      // A second member joins, and half of the partitions are revoked.
      else second = await new Member({ servers, topic, groupId: topic }).start();
    },
    end: async () => {
      await second?.stop();
      place.close();
    },
  };
}

export async function kafkaSinkWorld(setup: SinkSetup): Promise<SinkWorld> {
  const { tooLargeOffset, partitions = 2, queueRecordsMax } = setup;
  const cluster = await sharedCluster();
  const queue: readonly [string, string][] =
    queueRecordsMax === undefined ? [] : [['queue.buffering.max.messages', String(queueRecordsMax)]];
  const topicName = await cluster.createTopic(uniqueName('contract-out'), {
    partitions,
    configs: { 'max.message.bytes': TOPIC_BYTES_MAX },
  });
  const table = new native.PartitionTable(10);
  const id = table.idOf('in', 0);
  let epoch = 1;
  table.setEpoch(id, epoch);
  const sink = createKafkaSink({
    clientId: 'contract',
    cluster: { bootstrapServers: cluster.bootstrapServers.split(','), properties: new Map(queue) },
    queueBytesMax: 8 << 20,
    outputTopics: [topicName],
    partition: 'auto',
    writer: { partsMax: 64, pollIntervalMs: 50 },
    native,
    table,
    logger: new RecordingLogger(),
    nowMs: () => performance.now(),
    connectTimeoutMs: 15_000,
  });
  let lastBlock = 0;
  const block = (bytes: number): Block => {
    lastBlock += 1;
    return newBlock(bytes, lastBlock);
  };
  const valueOf = (offset: number): Buffer =>
    Buffer.from(offset === tooLargeOffset ? randomBytes(5_000).toString('hex') : String(offset));
  return {
    sink,
    events: new RecordingEvents(),
    topicName,
    input: (offsets) => {
      const made = block(BLOCK_BYTES);
      const writer = new InputBatchWriter(made.bytes);
      for (const offset of offsets)
        writer.add(id, epoch, { offset, timestamp: -1, key: null, value: valueOf(offset) });
      writer.close();
      return made;
    },
    nextEpoch: () => {
      epoch += 1;
      table.setEpoch(id, epoch);
    },
    block,
    run: (promise) => promise,
    until,
    written: async () => {
      const records = await cluster.tool.consume([topicName]);
      return Array.from({ length: partitions }, (_, partition) =>
        records.filter((one) => one.partition === partition).map(({ value }) => Number(value?.toString())),
      );
    },
    end: () => Promise.resolve(),
  };
}
