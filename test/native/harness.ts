import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import kafka from 'node-rdkafka';
import type { NativeBinding, NativePartitionTable } from '../../src/kafka/native.js';
import { loadNative } from '../../src/kafka/native.js';
import type { NativeReader, ReaderEventKind, ReaderOptions } from '../../src/kafka/native-reader.js';
import type { NativeWriter, PartitionPolicy, WriterEventKind } from '../../src/kafka/native-writer.js';
import type { InputRecord } from '../../src/wire/input-writer.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { OutputBatchWriter, writeIdentity } from '../../src/wire/output-writer.js';
import type { NativeInput } from '../support/native-codec.js';
import { accepted, loadNativeCodec } from '../support/native-codec.js';

export const native: NativeBinding = loadNative();
export const codec = loadNativeCodec();

const PATIENCE_MS = 30_000;
const ASSIGN_PARTITIONS = -175;

export function sharedBlock(bytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes));
}

export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > until) assert.fail(`not within ${PATIENCE_MS} ms: ${what}`);
    await delay(5);
  }
}

/** Whatever a failed test leaves open would keep the process alive. */
const leftOpen = {
  clients: new Set<Client>(),
  readers: new Set<TestReader>(),
  writers: new Set<TestWriter>(),
};

export async function closeAll(): Promise<void> {
  await Promise.all([...leftOpen.readers, ...leftOpen.writers].map((one) => one.stop()));
  await Promise.all([...leftOpen.clients].map((client) => disconnect(client)));
}

interface Client {
  connect(options: { timeout: number }, callback: (error: unknown) => void): unknown;
  disconnect(callback: () => void): unknown;
}

async function connect(client: Client): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.connect({ timeout: 10_000 }, (error) => (error ? reject(error as Error) : resolve()));
  });
  leftOpen.clients.add(client);
}

export async function disconnect(client: Client): Promise<void> {
  leftOpen.clients.delete(client);
  await new Promise<void>((resolve) => {
    client.disconnect(resolve);
  });
}

export interface TestProducer {
  readonly handleId: number;
  readonly client: kafka.Producer;
}

export async function connectProducer(
  bootstrapServers: string,
  properties: Readonly<Record<string, unknown>> = {},
): Promise<TestProducer> {
  const handleId = native.newHandleId();
  const client = new kafka.Producer(
    {
      'plugin.library.paths': native.pluginPath,
      'kd.handle': String(handleId),
      'bootstrap.servers': bootstrapServers,
      'delivery.report.only.error': true,
      'linger.ms': 1,
      ...properties,
    } as kafka.ProducerGlobalConfig,
    {},
  );
  await connect(client);
  return { handleId, client };
}

export interface TestConsumer {
  readonly handleId: number;
  readonly client: kafka.KafkaConsumer;
  /** The calls of the rebalance callback, in order. */
  readonly rebalances: { readonly assign: boolean; readonly partitions: readonly kafka.TopicPartition[] }[];
}

/** Only records rebalances, and unassigns what is revoked, as the source does while leaving. */
export async function connectConsumer(bootstrapServers: string, group: string): Promise<TestConsumer> {
  const handleId = native.newHandleId();
  const rebalances: { assign: boolean; partitions: kafka.TopicPartition[] }[] = [];
  const client: kafka.KafkaConsumer = new kafka.KafkaConsumer(
    {
      'plugin.library.paths': native.pluginPath,
      'kd.handle': String(handleId),
      'bootstrap.servers': bootstrapServers,
      'group.id': group,
      'enable.auto.commit': false,
      'enable.auto.offset.store': false,
      'fetch.wait.max.ms': 20,
      rebalance_cb: (error: { code: number }, partitions: kafka.TopicPartition[]) => {
        rebalances.push({ assign: error.code === ASSIGN_PARTITIONS, partitions });
        if (error.code !== ASSIGN_PARTITIONS) client.unassign();
      },
    } as kafka.ConsumerGlobalConfig,
    { 'auto.offset.reset': 'error' },
  );
  await connect(client);
  return { handleId, client, rebalances };
}

export interface ReaderEvent {
  readonly kind: ReaderEventKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly text: string | null;
}

/** For offered blocks: more records than any reader here reads. */
export const RECORDS_MAX = 1_000_000;

export const READER_OPTIONS: ReaderOptions = {
  recordsMax: 1000,
  bytesMax: 1 << 20,
  lingerMs: 0,
  intervalMs: 0,
  cutPerPartition: false,
  readyBatchesMax: 4,
};

/**
 * A reader with its own blocks. The C codec reads its batches, and their blocks are offered again
 * immediately.
 */
export class TestReader {
  readonly reader: NativeReader;
  readonly events: ReaderEvent[] = [];
  readonly batches: NativeInput[] = [];
  readonly blocks = new Map<number, Uint8Array>();
  offerAgain = true;

  constructor(consumer: TestConsumer, table: NativePartitionTable, options: Partial<ReaderOptions> = {}) {
    this.reader = new native.Reader(
      consumer.handleId,
      table,
      { ...READER_OPTIONS, ...options },
      (...[kind, a, b, c, text]) => {
        this.events.push({ kind, a, b, c, text });
        if (kind === 'batch') this.#batch(a, b);
      },
    );
    leftOpen.readers.add(this);
  }

  #batch(blockId: number, rowCount: number): void {
    const block =
      this.blocks.get(blockId) ?? assert.fail(`a batch in block ${blockId}, which was not offered`);
    const batch = accepted(codec.readInput(block));
    assert.equal(batch.rows.length, rowCount);
    this.batches.push(batch);
    if (this.offerAgain) this.reader.offer(blockId, block, RECORDS_MAX);
  }

  offer(count: number, bytes: number): void {
    for (let i = 0; i < count; i += 1) {
      const id = this.blocks.size + 1;
      const block = sharedBlock(bytes);
      this.blocks.set(id, block);
      this.reader.offer(id, block, RECORDS_MAX);
    }
  }

  get rowCount(): number {
    return this.batches.reduce((sum, batch) => sum + batch.rows.length, 0);
  }

  seen(kind: ReaderEventKind): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  async park(): Promise<void> {
    const before = this.seen('parked');
    this.reader.park();
    await eventually('parked', () => this.seen('parked') > before);
  }

  async stop(): Promise<void> {
    leftOpen.readers.delete(this);
    this.reader.stop();
    await eventually('stopped', () => this.seen('stopped') > 0);
  }
}

/** Opens and assigns partitions from offset 0 in the order that the source uses: park, open, assign. */
export function openAndAssign(
  consumer: TestConsumer,
  reader: NativeReader,
  {
    table,
    topic,
    partitions,
  }: { readonly table: NativePartitionTable; readonly topic: string; readonly partitions: number },
): number[] {
  const ids: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const id = table.idOf(topic, partition);
    table.setEpoch(id, 1);
    reader.open(id, 1, 0);
    ids.push(id);
  }
  consumer.client.assign(
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })),
  );
  return ids;
}

export interface TestSettled {
  readonly batchId: number;
  readonly part: number;
  readonly acknowledged: number;
  readonly stale: number;
  readonly failures: readonly (readonly [row: number, code: number])[];
}

export class TestWriter {
  readonly writer: NativeWriter;
  readonly settled: TestSettled[] = [];
  readonly others: { readonly kind: WriterEventKind; readonly a: number; readonly text: string | null }[] =
    [];
  #nextBatchId = 1;

  constructor(producer: TestProducer, table: NativePartitionTable, partsMax = 64) {
    this.writer = new native.Writer(
      producer.handleId,
      table,
      { partsMax, pollIntervalMs: 20 },
      (...[kind, a, b, c, stale, failures, text]) => {
        if (kind !== 'settled') this.others.push({ kind, a, text });
        else this.settled.push({ batchId: a, part: b, acknowledged: c, stale, failures: pairs(failures) });
      },
    );
    leftOpen.writers.add(this);
  }

  write(input: Uint8Array, output: Uint8Array): number {
    const batchId = this.#nextBatchId;
    this.#nextBatchId += 1;
    this.writer.write(batchId, 0, input, output);
    return batchId;
  }

  async settledOf(batchId: number): Promise<TestSettled> {
    await eventually(`batch ${batchId} settled`, () => this.settled.some((one) => one.batchId === batchId));
    return this.settled.find((one) => one.batchId === batchId) ?? assert.fail('settled');
  }

  async writeAndSettle(input: Uint8Array, output: Uint8Array): Promise<TestSettled> {
    return this.settledOf(this.write(input, output));
  }

  async stop(): Promise<void> {
    leftOpen.writers.delete(this);
    this.writer.stop();
    await eventually('stopped', () => this.others.some((event) => event.kind === 'stopped'));
  }
}

function pairs(failures: Int32Array | null): [number, number][] {
  const list: [number, number][] = [];
  for (let i = 0; failures && i < failures.length; i += 3)
    list.push([failures[i] ?? Number.NaN, failures[i + 1] ?? Number.NaN]);
  return list;
}

export interface GivenRecord extends InputRecord {
  readonly partitionId: number;
  readonly epoch: number;
}

export function inputBlock(records: readonly GivenRecord[], bytes = 1 << 20): Uint8Array {
  const block = sharedBlock(bytes);
  const writer = new InputBatchWriter(block);
  for (const { partitionId, epoch, ...record } of records)
    assert.ok(writer.add(partitionId, epoch, record), 'the test block is too small');
  writer.close();
  return block;
}

export function identityBlock(rowCount: number, topic: number): Uint8Array {
  const block = sharedBlock(256 + rowCount * 8);
  writeIdentity(block, 0, rowCount, topic);
  return block;
}

/** An output batch filled by `fill` that answers all of `sourceRows`. */
export function outputBlock(
  sourceRows: number,
  fill: (writer: OutputBatchWriter) => void,
  bytes = 1 << 20,
): Uint8Array {
  const block = sharedBlock(bytes);
  const writer = new OutputBatchWriter();
  writer.open(block, { firstSourceRow: 0, sourceRowsMax: sourceRows, rowsPerSource: 4 });
  fill(writer);
  writer.finish(sourceRows);
  return block;
}

/**
 * Writes records unchanged through its own writer, because node-rdkafka's produce() can't write binary
 * headers or empty values.
 */
export async function produce(
  bootstrapServers: string,
  topic: string,
  records: readonly (InputRecord & { readonly partition: number })[],
): Promise<void> {
  const partitionCount = Math.max(...records.map((record) => record.partition)) + 1;
  const table = new native.PartitionTable(partitionCount);
  const producer = await connectProducer(bootstrapServers);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  const number = writer.writer.topic(topic, partitionCount, 'same');
  const ids = Array.from({ length: partitionCount }, (_, partition) => table.idOf('any', partition));
  for (const id of ids) table.setEpoch(id, 1);
  for (let from = 0; from < records.length; from += 2000) {
    const part = records
      .slice(from, from + 2000)
      .map((record) => ({ ...record, partitionId: ids[record.partition] ?? -1, epoch: 1 }));
    const settled = await writer.writeAndSettle(
      inputBlock(part, 8 << 20),
      identityBlock(part.length, number),
    );
    assert.equal(settled.acknowledged, part.length);
  }
  await writer.stop();
  await disconnect(producer.client);
}

export async function openWriter(
  bootstrapServers: string,
  topic: string,
  partitionCount: number,
  policy: PartitionPolicy = 'auto',
) {
  const producer = await connectProducer(bootstrapServers);
  const table = new native.PartitionTable(100);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  return { producer, table, writer, topic: writer.writer.topic(topic, partitionCount, policy) };
}

export { delay };
