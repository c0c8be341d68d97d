import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndOffset } from '../../../src/ports/source.js';
import { Bench } from '../bench.js';

const LIMIT_REACHED = -10_008;
const TIMED_OUT = -185;

const end = (partition: number, low: number, until: number): EndOffset => ({
  topic: 'in',
  partition,
  low,
  end: until,
});

function boundedTo(...ends: readonly EndOffset[]): Bench {
  const bench = new Bench({ until: 'end' });
  bench.source.ends = Promise.resolve(ends);
  bench.source.endsLater = ends;
  return bench;
}

test('a record beyond the end shows that none before it is missing: the end is committed', async () => {
  const bench = boundedTo(end(0, 0, 10));
  await bench.start(0);
  assert.equal(bench.source.opened.get(0)?.until, 10);
  bench.deliver(0, 0, 7);
  bench.deliver(0, 7, 7, { fault: LIMIT_REACHED });
  await bench.settle();
  assert.equal(bench.source.calls.at(-1), 'rest 0');
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.endReached, true);
  assert.deepEqual(report.committed, [{ topic: 'in', partition: 0, offset: 10 }]);
});

test('a position that librdkafka reports beyond the end is not committed', async () => {
  const bench = boundedTo(end(0, 0, 10), end(1, 0, 5));
  await bench.start(0, 1);
  for (let n = 0; n < 4; n += 1) {
    bench.progress(0, 25);
    await bench.settle();
  }
  await bench.pass(300);
  assert.equal(bench.commits.stored.get(0), 10);
});

test('reading again after a fault or a rewind keeps the limit', async () => {
  const bench = boundedTo(end(0, 0, 10));
  await bench.start(0);
  bench.deliver(0, 0, 0, { fault: TIMED_OUT });
  await bench.settle();
  assert.match(bench.source.calls.at(-1) ?? '', /^seek 0@0/);
  assert.equal(bench.source.opened.get(0)?.until, 10);
});

test('where only given partitions are read, no other is, and no end is asked for', async () => {
  const bench = new Bench({ until: 'end', ends: [end(1, 2, 6)], readsOnlyEnds: true });
  bench.source.ends = Promise.reject(new Error('must not be asked'));
  bench.source.ends.catch(() => undefined);
  bench.source.endsLater = [end(1, 0, 20)];
  await bench.start(0, 1);
  assert.equal(bench.source.opened.get(0)?.until, 0);
  assert.equal(bench.source.opened.get(1)?.until, 6);
  bench.deliver(1, 0, 6);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.deepEqual([report.endReached, report.records.consumed], [true, 6]);
});

test('a partition that rests at its limit does not park the reader with each report', async () => {
  const bench = boundedTo(end(0, 0, 10), end(1, 0, 5));
  await bench.start(0, 1);
  bench.deliver(0, 0, 10, { fault: LIMIT_REACHED });
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  let parks = 0;
  bench.source.onPark = () => void (parks += 1);
  for (let n = 0; n < 10; n += 1) {
    bench.progress(0, 25);
    await bench.settle();
  }
  assert.equal(parks, 0);
});

test('ends that are known late still limit the partitions that are read already', async () => {
  const ends = [end(0, 0, 10), end(1, 0, 5)];
  const bench = boundedTo(...ends);
  let known: (ends: readonly EndOffset[]) => void = () => undefined;
  bench.source.ends = new Promise((resolve) => (known = resolve));
  await bench.start(0);
  await bench.pass(3_000);
  assert.equal(bench.source.calls.at(-1), 'open 0@0', 'a missing leader does not hold it up');
  bench.deliver(0, 0, 5);
  await bench.settle();
  known(ends);
  await bench.settle();
  assert.match(bench.source.calls.at(-1) ?? '', /^seek 0@5 /);
  assert.equal(bench.source.opened.get(0)?.until, 10);
});
