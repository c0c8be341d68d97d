import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunTotals } from '../../../src/app/reload/totals.js';
import type { RunReport } from '../../../src/dispatcher/report.js';
import { NO_PROGRESS, NOTHING_MEASURED } from '../../support/no-progress.js';

function report(parts: Partial<RunReport>): RunReport {
  return { committed: [], redelivery: [], activeMs: 0, ...parts } as RunReport;
}

test('the latest commit of a partition counts; partitions of earlier legs are kept', () => {
  const totals = new RunTotals();
  totals.add(
    report({
      committed: [
        { topic: 't', partition: 0, offset: 5 },
        { topic: 't', partition: 1, offset: 6 },
      ],
      activeMs: 3,
    }),
    10,
  );
  const last = report({ committed: [{ topic: 't', partition: 0, offset: 9 }], activeMs: 4 });
  totals.add(last, 20);
  assert.deepEqual(totals.report(last).committed, [
    { topic: 't', partition: 0, offset: 9 },
    { topic: 't', partition: 1, offset: 6 },
  ]);
  assert.equal(totals.report(last).activeMs, 7);
  assert.equal(totals.bytesOut, 30);
});

test(
  'adjacent ranges are merged, others stay separate, and their ' + 'number is limited by merging the closest',
  () => {
    const totals = new RunTotals();
    const add = (from: number, to: number): void =>
      totals.add(report({ redelivery: [{ topic: 't', partition: 0, from, to }] }), 0);
    add(0, 10);
    add(5, 20);
    add(20, 30);
    add(100, 110);
    const ranges = (): string[] =>
      totals.report(report({})).redelivery.map(({ from, to }) => `${from}-${to}`);
    assert.deepEqual(ranges(), ['0-30', '100-110']);
    for (let from = 1_000; from < 20_000; from += 1_000) add(from, from + 10);
    assert.equal(ranges().length, 10);
    assert.match(ranges().join(' '), /^0-\d+ .* \d+-19010$|^0-\d+ .*-19010$/);
  },
);

test(
  'the totals of a run add the earlier legs to the counters of ' + 'the current one, and change neither',
  () => {
    const totals = new RunTotals();
    const at = (offset: number): { topic: string; partition: number; offset: number } => ({
      topic: 't',
      partition: 0,
      offset,
    });
    const range = (from: number, to: number): RunReport['redelivery'][number] => ({
      topic: 't',
      partition: 0,
      from,
      to,
    });
    const before = report({ committed: [at(5)], redelivery: [range(5, 8)], activeMs: 3 });
    totals.add(before, 0);
    const now = {
      partitions: [],
      measured: NOTHING_MEASURED,
      committed: [at(9)],
      redelivery: [range(8, 12)],
      activeMs: 4,
      metrics: [],
      ...NO_PROGRESS,
    };
    assert.deepEqual(totals.standing(now), {
      ...now,
      committed: [at(9)],
      redelivery: [range(5, 12)],
      activeMs: 7,
      metrics: [],
      ...NO_PROGRESS,
    });
    assert.deepEqual(totals.report(before).committed, [at(5)]);
    assert.deepEqual(totals.report(before).redelivery, [range(5, 8)]);
  },
);
