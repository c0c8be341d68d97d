import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Limits } from '../../../src/dispatcher/settings.js';
import {
  cutAroundSuspects,
  firstRejected,
  halves,
  type Range,
} from '../../../src/dispatcher/transform/ranges.js';
import type { WorkerDeath } from '../../../src/ports/transform-pool.js';

const REJECTION = { code: 'TOPIC_MISSING', message: 'no topic', stage: 'transform' } as const;

const death = (suspectFirstRow: number, suspectRowCount: number): WorkerDeath => ({
  kind: 'worker-death',
  code: 'WORKER_EXITED',
  message: 'exit 1',
  suspectFirstRow,
  suspectRowCount,
});

const rowsOf = ({ first, count }: Range): number[] => Array.from({ length: count }, (_, i) => first + i);

interface Blame {
  readonly rejected: readonly number[];
  readonly answered: readonly number[];
  readonly deaths: number;
}

/** Runs ranges as a batch's runner does; `die` says whether a worker dies on one, and what it suspects. */
function run(whole: Range, die: (range: Range) => WorkerDeath | undefined): Blame {
  const ranges = [whole];
  const [rejected, answered]: [number[], number[]] = [[], []];
  let deaths = 0;
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const died = range.rejectWith === undefined ? die(range) : undefined;
    if (died === undefined) {
      (range.rejectWith === undefined ? answered : rejected).push(...rowsOf(range));
      continue;
    }
    deaths += 1;
    const pieces = cutAroundSuspects(range, died);
    assert.deepEqual(pieces.flatMap(rowsOf), rowsOf(range), 'each row is in one piece, in order');
    ranges.push(...[...pieces].reverse());
    assert.ok(deaths < 5_000, 'the attempts end');
  }
  return { rejected, answered, deaths };
}

const batch = fc.record({ first: fc.nat({ max: 500 }), count: fc.integer({ min: 1, max: 300 }) });
const picks = fc.array(fc.nat({ max: 10_000 }), { maxLength: 5 });

const guiltyOf = ({ first, count }: Range, chosen: readonly number[]): Set<number> =>
  new Set(chosen.map((pick) => first + (pick % count)));

const sorted = (rows: Iterable<number>): number[] => [...rows].sort((a, b) => a - b);

test('exactly the records that kill workers are rejected, however many neighbours were under way', () => {
  fc.assert(
    fc.property(batch, picks, fc.nat({ max: 70 }), fc.nat({ max: 70 }), (whole, chosen, before, after) => {
      const guilty = guiltyOf(whole, chosen);
      const { rejected, answered, deaths } = run(whole, (range) => {
        const killer = rowsOf(range).find((row) => guilty.has(row));
        if (killer === undefined) return undefined;
        const from = Math.max(range.first, killer - before);
        const to = Math.min(range.first + range.count, killer + after + 1);
        return death(from, to - from);
      });
      assert.deepEqual(sorted(rejected), sorted(guilty));
      assert.deepEqual(sorted([...rejected, ...answered]), rowsOf(whole));
      assert.deepEqual(answered, sorted(answered), 'the others are answered in order');
      // A window is halved until the record is alone, and each piece can only die of a guilty record.
      assert.ok(deaths <= guilty.size * (3 + Math.ceil(Math.log2(whole.count + 1)) * 2), `${deaths} deaths`);
    }),
    { numRuns: 400 },
  );
});

test('a killer is found although no death names a suspect, and nobody else is rejected', () => {
  fc.assert(
    fc.property(batch, picks, (whole, chosen) => {
      const guilty = guiltyOf(whole, chosen);
      const { rejected, answered } = run(whole, (range) =>
        rowsOf(range).some((row) => guilty.has(row)) ? death(range.first, 0) : undefined,
      );
      assert.deepEqual(sorted(rejected), sorted(guilty));
      assert.deepEqual(sorted([...rejected, ...answered]), rowsOf(whole));
    }),
    { numRuns: 200 },
  );
});

test('a few deaths that no record causes reject none', () => {
  fc.assert(
    fc.property(batch, fc.integer({ min: 0, max: Limits.blamelessDeathsMax }), (whole, strays) => {
      let left = strays;
      const { rejected, deaths } = run(whole, (range) => {
        left -= 1;
        return left < 0 ? undefined : death(range.first, 0);
      });
      assert.deepEqual([rejected, deaths], [[], strays]);
    }),
  );
});

test('suspects outside the range, as of an earlier task in the same block, still narrow it down', () => {
  fc.assert(
    fc.property(
      batch,
      fc.nat({ max: 299 }),
      fc.integer({ min: 0, max: 900 }),
      fc.nat({ max: 900 }),
      (whole, pick, suspect, rows) => {
        const killer = whole.first + (pick % whole.count);
        const { rejected } = run(whole, (range) =>
          rowsOf(range).includes(killer) ? death(suspect, rows) : undefined,
        );
        assert.deepEqual(rejected, [killer]);
      },
    ),
    { numRuns: 300 },
  );
});

test('halves, and a first row that is split off, contain each row once; it alone is rejected', () => {
  fc.assert(
    fc.property(batch, (whole) => {
      if (whole.count > 1) {
        const [front, back] = halves(whole);
        assert.ok(front !== undefined && back !== undefined && front.count > 0 && back.count > 0);
        assert.deepEqual([...rowsOf(front), ...rowsOf(back)], rowsOf(whole));
      }
      const pieces = firstRejected(whole, REJECTION);
      // The runner takes from the end.
      assert.deepEqual([...pieces].reverse().flatMap(rowsOf), rowsOf(whole));
      assert.deepEqual(pieces.at(-1), { ...whole, count: 1, rejectWith: REJECTION });
      assert.ok(pieces.slice(0, -1).every((piece) => piece.rejectWith === undefined));
    }),
  );
});
