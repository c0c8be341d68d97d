/** The search for the first record of a time, in logs that hold transaction markers and late records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { firstOfTimeWith } from '../../../src/kafka/tools/first-of-time.js';
import type { readTopic } from '../../../src/kafka/tools/topic-reader.js';
import type { FoundTime } from '../../../src/ports/admin.js';
import { InputBatchWriter } from '../../../src/wire/input-writer.js';
import { native } from '../member.js';
import { RecordingLogger } from '../support.js';

const TIME_MS = 5_000;

/** The times of the records by offset; null: a marker. Of each partition. */
type Logs = Readonly<Record<number, readonly (number | null)[]>>;

interface Search {
  readonly found: readonly FoundTime[];
  /** The partitions of each round, and the offsets that it asked for. */
  readonly rounds: readonly (readonly (readonly [partition: number, from: number, until: number])[])[];
  readonly logger: RecordingLogger;
}

const tableOf = (position: { readonly kind: string }): ReadonlyMap<number, number> => {
  assert.ok('offsets' in position && position.offsets instanceof Map);
  return (position.offsets as ReadonlyMap<string, ReadonlyMap<number, number>>).get('t') ?? new Map();
};

async function search(logs: Logs, begins: Readonly<Record<number, number>>, fault?: Error): Promise<Search> {
  const rounds: (readonly [number, number, number])[][] = [];
  const logger = new RecordingLogger();
  const read: typeof readTopic = async ({ range, placed }, handle) => {
    if (fault !== undefined) throw fault;
    const [from, until] = [tableOf(range.from), tableOf(range.until ?? { kind: 'none' })];
    const asked = [...from].map(([partition, first]): readonly [number, number, number] => [
      partition,
      first,
      until.get(partition) ?? 0,
    ]);
    rounds.push(asked);
    placed(
      asked.map(([partition, first, last]) => {
        const end = logs[partition]?.length ?? 0;
        const common = { topic: 't', partition };
        return {
          ...common,
          low: 0,
          end,
          from: { ...common, offset: first, note: undefined },
          until: { ...common, offset: Math.min(last, end), note: undefined },
        };
      }),
      false,
    );
    for (const [partition, first, last] of asked) {
      const bytes = new Uint8Array(new SharedArrayBuffer(1 << 20));
      const writer = new InputBatchWriter(bytes);
      const rows = (logs[partition] ?? []).flatMap((timestamp, offset) =>
        timestamp === null || offset < first || offset >= last ? [] : [{ offset, timestamp }],
      );
      if (rows.length === 0) continue;
      for (const row of rows) assert.ok(writer.add(partition, 1, { ...row, key: null, value: null }));
      writer.close();
      const segment = { partitionId: partition, epoch: 1, firstRow: 0, rowCount: rows.length };
      const batch = {
        block: { id: 1, bytes },
        rowCount: rows.length,
        packedBytes: 0,
        firstTimestampMs: -1,
        lastTimestampMs: -1,
        segments: [{ ...segment, firstOffset: rows[0]?.offset ?? 0, lastOffset: rows.at(-1)?.offset ?? 0 }],
        faults: [],
      };
      const goesOn = await handle(batch, (id) => ({
        partitionId: id,
        topic: 't',
        partition: id,
        untilOffset: last,
      }));
      if (!goesOn) return;
    }
  };
  const cluster = { bootstrapServers: [], properties: new Map<string, string>() };
  const find = firstOfTimeWith({ clientId: 'test', cluster, native, logger, nowMs: () => 0 }, read);
  const places = Object.entries(begins).map(([partition, offset]) => ({
    topic: 't',
    partition: Number(partition),
    offset,
  }));
  return { found: await find(TIME_MS, places), rounds, logger };
}

const shown = ({ found }: Search): readonly unknown[] =>
  found.map(({ partition, offset, timestamp, isRecord }) => [partition, offset, timestamp, isRecord]);

test('the record at which the time begins is the first one, found in one small round', async () => {
  const one = await search({ 0: [1, 2, 5_000, 6_000] }, { 0: 2 });
  assert.deepEqual(shown(one), [[0, 2, 5_000, true]]);
  assert.deepEqual(one.rounds, [[[0, 2, 1_002]]]);
});

test('markers and older records behind the answer of the brokers are passed over', async () => {
  const late = await search({ 0: [1, null, 4_999, null, 5_001, 5_000] }, { 0: 1 });
  assert.deepEqual(shown(late), [[0, 4, 5_001, true]]);
});

test('a partition in which no such record follows has no answer', async () => {
  assert.deepEqual(shown(await search({ 0: [1, null, 4_999, null] }, { 0: 1 })), []);
  assert.deepEqual(shown(await search({ 0: [1, null] }, { 0: 1 })), [], 'only a marker');
});

test('each partition has its own answer, and one with an answer is not read on', async () => {
  const old = Array.from({ length: 1_500 }, () => 1);
  const both = await search({ 0: [...old, 7_000], 1: [5_000], 2: [1, null] }, { 0: 0, 1: 0, 2: 1 });
  assert.deepEqual([...shown(both)].sort(), [
    [0, 1_500, 7_000, true],
    [1, 0, 5_000, true],
  ]);
  assert.deepEqual(
    both.rounds.map((round) => round.map(([partition, from]) => [partition, from])),
    [
      [
        [0, 0],
        [1, 0],
        [2, 1],
      ],
      [[0, 1_000]],
    ],
    'the second round reads on in the partition that has none yet',
  );
});

test('where nothing is asked for, nothing is read', async () => {
  const nothing = await search({}, {});
  assert.deepEqual([nothing.found, nothing.rounds], [[], []]);
});

for (const code of ['KAFKA_REFUSED', 'CORRUPT_INPUT'] as const)
  test(`a topic that can't be read (${code}) has the answers of the brokers, with a warning`, async () => {
    const blind = await search({}, { 0: 3, 1: 8 }, new DispatcherError(code, 'not readable'));
    assert.deepEqual(shown(blind), [
      [0, 3, -1, false],
      [1, 8, -1, false],
    ]);
    const [warning] = blind.logger.entries;
    assert.equal(warning?.level, 'warn');
    assert.match(warning.message, /^t can't be read to find the first record of a time/);
    assert.equal(warning.fields['error'], 'not readable');
  });

test('any other fault is one of the whole search', async () => {
  const fault = new DispatcherError('KAFKA_UNREACHABLE', 'no broker');
  await assert.rejects(search({}, { 0: 3 }, fault), { code: 'KAFKA_UNREACHABLE' });
  await assert.rejects(search({}, { 0: 3 }, new Error('bug')), /bug/);
});
