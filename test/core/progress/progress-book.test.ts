import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Progress } from '../../../src/core/progress/progress.js';
import { ProgressBook, type SeenPartition } from '../../../src/core/progress/progress-book.js';

const TICK_MS = 250;

/** A run that is looked at on every tick. */
class Watched {
  readonly book = new ProgressBook();
  private atMs = 0;

  see(partitions: readonly Partial<SeenPartition>[], consumed = 0, bytesIn = 0): Progress {
    const whole = partitions.map((one, partition) => ({
      ...{ topic: 'in', partition, topicId: undefined, low: 0, begun: 0, until: 100, settled: 0 },
      ...one,
    }));
    this.book.see(this.atMs, { partitions: whole, consumed, bytesIn });
    this.atMs += TICK_MS;
    return this.book.progress();
  }

  seeEndless(consumed: number): Progress {
    this.book.see(this.atMs, { partitions: undefined, consumed, bytesIn: 10 * consumed });
    this.atMs += TICK_MS;
    return this.book.progress();
  }
}

test('the work of all partitions is counted, whoever settled it, and the one with most left is named', () => {
  const run = new Watched();
  run.see([{}, { until: 300 }, { begun: 100 }]);
  assert.deepEqual(run.see([{ settled: 50 }, { until: 300, settled: 50 }, { begun: 100 }], 100, 2_000), {
    percent: 25,
    recordsDone: 100,
    recordsToDo: 300,
    bytesDoneEstimate: 2_000,
    bytesToDoEstimate: 6_000,
    recordsPerSecond: { now: 400, overall: 400 },
    etaSeconds: 1,
    slowest: { topic: 'in', partition: 1, done: 50, toDo: 250 },
  });
});

test('a job that is resumed goes on from where it was, and its rate is only that of this run', () => {
  const run = new Watched();
  run.book.countFromLow();
  run.see([{ begun: undefined }]);
  assert.equal(run.see([{ begun: 40, settled: 40 }]).percent, 40);
  const progress = run.see([{ begun: 40, settled: 50 }], 10);
  assert.equal(progress.percent, 50);
  assert.deepEqual(progress.recordsPerSecond, { now: 20, overall: 40 });
  assert.equal(progress.etaSeconds, 3);
});

test('without a job the work begins where the run found the group', () => {
  const run = new Watched();
  assert.equal(run.book.isPlaced, false);
  run.see([{ begun: undefined }]);
  assert.equal(run.book.isPlaced, false);
  const progress = run.see([{ begun: 40, settled: 40 }]);
  assert.equal(run.book.isPlaced, true);
  assert.equal(progress.percent, 0);
  assert.equal(progress.recordsToDo, 60);
  assert.deepEqual(run.book.range().partitions, [{ topic: 'in', partition: 0, from: 40, until: 100 }]);
});

test('100 % is said only when the end is reached, and then nothing is left to do', () => {
  const run = new Watched();
  run.see([{}]);
  assert.equal(run.see([{ settled: 100 }]).percent, 99.9);
  run.book.complete();
  const { percent, recordsToDo, etaSeconds, slowest } = run.book.progress();
  assert.deepEqual(
    { percent, recordsToDo, etaSeconds, slowest },
    { percent: 100, recordsToDo: 0, etaSeconds: 0, slowest: null },
  );
});

test('a topic that was created again is counted from its beginning', () => {
  const run = new Watched();
  run.see([{ topicId: 'a' }]);
  run.see([{ topicId: 'a', settled: 80 }]);
  const progress = run.see([{ topicId: 'b', settled: 0 }]);
  assert.equal(progress.recordsDone, 0);
  assert.equal(progress.recordsPerSecond.now, 0);
  assert.equal(progress.etaSeconds, null);
});

test('a run without an end has rates, and neither a percentage nor a time left', () => {
  const run = new Watched();
  run.seeEndless(0);
  const progress = run.seeEndless(100);
  assert.equal(progress.recordsPerSecond.now, 400);
  assert.equal(progress.bytesDoneEstimate, 1_000);
  assert.deepEqual(
    [progress.percent, progress.recordsToDo, progress.etaSeconds, progress.slowest],
    [null, null, null, null],
  );
});

test('the rate of now forgets what is older than ten seconds', () => {
  const run = new Watched();
  run.see([{}]);
  let progress = run.see([{ settled: 50 }]);
  for (let ticks = 0; ticks < 45; ticks++) progress = run.see([{ settled: 50 }]);
  assert.equal(progress.recordsPerSecond.now, 0);
  assert.ok(progress.recordsPerSecond.overall > 0);
  assert.equal(progress.etaSeconds, null);
});

test('the times of a run are the extremes of its batches; records without one do not count', () => {
  const { book } = new Watched();
  book.read(-1, -1);
  assert.deepEqual([book.range().firstTimestamp, book.range().lastTimestamp], [null, null]);
  book.read(2_000, 3_000);
  book.read(1_000, 1_500);
  book.read(-1, -1);
  assert.equal(book.range().firstTimestamp, '1970-01-01T00:00:01.000Z');
  assert.equal(book.range().lastTimestamp, '1970-01-01T00:00:03.000Z');
  book.read(1_000, Number.MAX_SAFE_INTEGER);
  assert.equal(book.range().lastTimestamp, null, 'no calendar has this time');
});

const PARTITIONS = 3;
const sighting = fc.record({
  begun: fc.option(fc.integer({ min: -1, max: 120 }), { nil: undefined }),
  settled: fc.integer({ min: 0, max: 120 }),
});
const sightings = fc.array(fc.tuple(...Array.from({ length: PARTITIONS }, () => sighting)), {
  minLength: 1,
  maxLength: 40,
});

test('for the same ends the percentage never falls, parts add up, and a time left is finite', () => {
  fc.assert(
    fc.property(
      sightings,
      fc.boolean(),
      fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 3, maxLength: 3 }),
      (ticks, fromLow, untils) => {
        const run = new Watched();
        if (fromLow) run.book.countFromLow();
        let before = 0;
        for (const partitions of ticks) {
          const seen = partitions.map((one, index) => ({ ...one, until: untils[index] ?? 0, low: 10 }));
          const { percent, recordsDone, recordsToDo, etaSeconds, slowest } = run.see(seen, 7, 70);
          assert.ok(percent !== null && recordsToDo !== null);
          assert.ok(percent >= before && percent < 100, `${before} → ${percent}`);
          assert.ok(recordsDone >= 0 && recordsToDo >= 0);
          assert.ok(etaSeconds === null || (Number.isFinite(etaSeconds) && etaSeconds >= 0));
          assert.equal(slowest === null, recordsToDo === 0);
          before = percent;
        }
        run.book.complete();
        assert.equal(run.book.progress().percent, 100);
      },
    ),
  );
});
