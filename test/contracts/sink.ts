/** The contract of every sink, written once and run against real brokers and the fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '../../src/core/batch.js';
import type { OutputTopic, Settled, Sink, SinkEvents } from '../../src/ports/sink.js';
import { OutputBatchWriter, writeIdentity } from '../../src/wire/output-writer.js';

export interface SinkSetup {
  /** The broker rejects the record of this offset as too large. */
  readonly tooLargeOffset?: number;
  /** Of the topic; default: 2. */
  readonly partitions?: number;
  /** Where a client library has a queue, so many records fill it. */
  readonly queueRecordsMax?: number;
}

export interface SinkWorld {
  readonly sink: Sink;
  readonly events: RecordingEvents;
  /** An existing topic. */
  readonly topicName: string;
  /** A block of source records with these offsets, from one partition in its open epoch. */
  input(offsets: readonly number[]): Block;
  /** The source partition continues in a new epoch. */
  nextEpoch(): void;
  block(bytes: number): Block;
  run<T>(promise: Promise<T>): Promise<T>;
  until(what: string, condition: () => boolean): Promise<void>;
  /** The source offsets of the records in the topic, in order, for each of its partitions. */
  written(): Promise<readonly (readonly number[])[]>;
  end(): Promise<void>;
}

export type CreateSinkWorld = (setup: SinkSetup) => Promise<SinkWorld>;

export class RecordingEvents implements SinkEvents {
  readonly all: Settled[] = [];
  readonly failures: Error[] = [];

  settled(settled: Settled): void {
    this.all.push(settled);
  }

  failed(error: Error): void {
    this.failures.push(error);
  }

  of(batchId: number, part = 0): Settled | undefined {
    return this.all.find((one) => one.batchId === batchId && one.part === part);
  }
}

const DEADLINE_MS = 10_000;
const PURGED = new Set(['_PURGE_QUEUE', '_PURGE_INFLIGHT']);

const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, n) => from + n);

function identity(world: SinkWorld, rows: number, topic: OutputTopic, firstRow = 0): Block {
  const block = world.block(256 + rows * 8);
  writeIdentity(block.bytes, firstRow, rows, topic.number);
  return block;
}

/** One output row per source row, with an explicit partition. */
function explicit(
  world: SinkWorld,
  rows: number,
  topic: OutputTopic,
  partition: (row: number) => number,
): Block {
  const block = world.block(32_768);
  const writer = new OutputBatchWriter();
  writer.open(block.bytes, { firstSourceRow: 0, sourceRowsMax: rows, rowsPerSource: 1 });
  // Copies key, value, headers and timestamp from the source.
  for (let row = 0; row < rows; row += 1) {
    writer.addRow(row, topic.number, 15);
    writer.setPartition(partition(row));
  }
  writer.finish(rows);
  return block;
}

export function sinkContract(kind: string, create: CreateSinkWorld): void {
  const contract = (
    name: string,
    setup: SinkSetup,
    body: (world: SinkWorld, topic: OutputTopic) => Promise<void>,
  ): void => {
    test(`${kind}: ${name}`, async () => {
      const world = await create(setup);
      try {
        await world.run(world.sink.start(world.events));
        await body(world, await world.run(world.sink.topic(world.topicName)));
        await world.run(world.sink.close(DEADLINE_MS));
        assert.deepEqual(world.events.failures, []);
      } finally {
        await world.run(world.sink.close(DEADLINE_MS)).catch(() => undefined);
        await world.end();
      }
    });
  };
  delivering(contract);
  refusing(contract);
  ending(contract);
}

type Contract = (
  name: string,
  setup: SinkSetup,
  body: (world: SinkWorld, topic: OutputTopic) => Promise<void>,
) => void;

function delivering(contract: Contract): void {
  contract(
    'each part settles once with every row acknowledged, and rows arrive in the order of writing',
    {},
    async (world, topic) => {
      const batches = 12;
      for (let batch = 0; batch < batches; batch += 1) {
        const input = world.input(upTo(batch * 20 + 20, batch * 20));
        // Two parts of one input batch.
        world.sink.write(batch, 0, input, identity(world, 12, topic));
        world.sink.write(batch, 1, input, identity(world, 8, topic, 12));
      }
      await world.until('all settled', () => world.events.all.length >= batches * 2);
      for (let batch = 0; batch < batches; batch += 1) {
        assert.deepEqual(world.events.of(batch, 0), {
          batchId: batch,
          part: 0,
          acknowledged: 12,
          failures: [],
          stale: 0,
        });
        assert.deepEqual(world.events.of(batch, 1), {
          batchId: batch,
          part: 1,
          acknowledged: 8,
          failures: [],
          stale: 0,
        });
      }
      const written = await world.written();
      for (const offsets of written)
        assert.deepEqual(
          offsets,
          offsets.toSorted((a, b) => a - b),
        );
      assert.deepEqual(
        written.flat().sort((a, b) => a - b),
        upTo(batches * 20),
      );
      assert.equal(world.events.all.length, batches * 2);
    },
  );

  const many = { partitions: 20, queueRecordsMax: 100 };
  contract(
    'rows in turns for many partitions keep the order of each, through a queue that is full',
    many,
    async (world, topic) => {
      const [batches, rows] = [6, 250];
      // Some partitions in every third row, and stretches of one.
      const planned = (offset: number): number =>
        offset % 100 < 20 ? 3 : offset % 3 === 0 ? offset % 2 : (offset * 7) % many.partitions;
      for (let batch = 0; batch < batches; batch += 1) {
        const first = batch * rows;
        const output = explicit(world, rows, topic, (row) => planned(first + row));
        world.sink.write(batch, 0, world.input(upTo(first + rows, first)), output);
      }
      await world.until('all settled', () => world.events.all.length >= batches);
      assert.deepEqual(
        world.events.all.map(({ acknowledged, failures, stale }) => [acknowledged, failures.length, stale]),
        Array(batches).fill([rows, 0, 0]),
      );
      const written = await world.written();
      assert.deepEqual(
        written.flat().sort((a, b) => a - b),
        upTo(batches * rows),
      );
      for (const partition of upTo(many.partitions)) {
        const wanted = upTo(batches * rows).filter((offset) => planned(offset) === partition);
        // A world that keeps all partitions in one list has no order between them.
        const found = (written[partition] ?? written[0] ?? []).filter(
          (offset) => planned(offset) === partition,
        );
        assert.deepEqual(found, wanted, `partition ${partition}`);
      }
    },
  );

  contract('a topic keeps its number, and another topic gets another one', {}, async (world, topic) => {
    assert.equal(topic.name, world.topicName);
    assert.equal(topic.partitionCount, 2);
    assert.deepEqual(await world.run(world.sink.topic(world.topicName)), topic);
  });

  contract('rows of an ended epoch are stale: counted, and not written', {}, async (world, topic) => {
    const before = world.input([0, 1, 2]);
    world.nextEpoch();
    world.sink.write(1, 0, before, identity(world, 3, topic));
    world.sink.write(2, 0, world.input([10, 11]), identity(world, 2, topic));
    await world.until('both settled', () => world.events.all.length === 2);
    assert.deepEqual(world.events.of(1), { batchId: 1, part: 0, acknowledged: 0, failures: [], stale: 3 });
    assert.deepEqual(world.events.of(2), { batchId: 2, part: 0, acknowledged: 2, failures: [], stale: 0 });
    assert.deepEqual(
      (await world.written()).flat().sort((a, b) => a - b),
      [10, 11],
    );
  });
}

function refusing(contract: Contract): void {
  contract(
    'a topic that does not exist is TOPIC_MISSING, and is looked up again the next time',
    {},
    async (world) => {
      for (let time = 0; time < 2; time += 1) {
        await assert.rejects(world.run(world.sink.topic(`${world.topicName}-missing`)), {
          code: 'TOPIC_MISSING',
        });
      }
    },
  );

  contract(
    'a row for a partition that the topic does not have fails alone, and is named',
    {},
    async (world, topic) => {
      world.sink.write(
        1,
        0,
        world.input(upTo(6)),
        explicit(world, 6, topic, (row) => (row === 4 ? 77 : row % 2)),
      );
      await world.until('settled', () => world.events.all.length === 1);
      assert.deepEqual(world.events.of(1), {
        batchId: 1,
        part: 0,
        acknowledged: 5,
        failures: [{ part: 0, outputRow: 4, fault: 'record', name: 'INVALID_PARTITION' }],
        stale: 0,
      });
      assert.deepEqual(
        (await world.written()).flat().sort((a, b) => a - b),
        [0, 1, 2, 3, 5],
      );
    },
  );

  contract(
    'a record that is too large fails alone; in an identity batch the source row is named',
    { tooLargeOffset: 7 },
    async (world, topic) => {
      world.sink.write(1, 0, world.input(upTo(10)), identity(world, 5, topic, 5));
      await world.until('settled', () => world.events.all.length === 1);
      const { failures = [], ...settled } = world.events.of(1) ?? {};
      assert.deepEqual(settled, { batchId: 1, part: 0, acknowledged: 4, stale: 0 });
      assert.deepEqual(
        failures.map(({ words: _words, ...failure }) => failure),
        [{ part: 0, outputRow: 7, fault: 'record', name: 'MSG_SIZE_TOO_LARGE' }],
      );
    },
  );
}

function ending(contract: Contract): void {
  contract(
    'after a purge every part settles once, each row acknowledged or failed',
    {},
    async (world, topic) => {
      for (let batch = 0; batch < 5; batch += 1)
        world.sink.write(batch, 0, world.input(upTo(50)), identity(world, 50, topic));
      world.sink.purge();
      await world.until('all settled', () => world.events.all.length >= 5);
      for (const { acknowledged, failures, stale } of world.events.all) {
        assert.equal(acknowledged + failures.length + stale, 50);
        assert.ok(failures.every(({ name }) => PURGED.has(name)));
        assert.equal(new Set(failures.map(({ outputRow }) => outputRow)).size, failures.length);
      }
      // A write after a purge works as before.
      world.sink.write(9, 0, world.input([900]), identity(world, 1, topic));
      await world.until('the next one', () => world.events.of(9) !== undefined);
      assert.equal(world.events.of(9)?.acknowledged, 1);
      assert.equal(world.events.all.length, 6);
    },
  );

  contract('close waits for what was written', {}, async (world, topic) => {
    for (let batch = 0; batch < 4; batch += 1)
      world.sink.write(batch, 0, world.input(upTo(50)), identity(world, 50, topic));
    await world.run(world.sink.close(DEADLINE_MS));
    assert.deepEqual(
      world.events.all.map(({ acknowledged }) => acknowledged),
      [50, 50, 50, 50],
    );
  });
}
