import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Segment } from '../../src/core/batch.js';
import { OffsetLedger } from '../../src/core/offset-ledger.js';

interface Read {
  readonly segment: Segment;
  readonly batchId: number;
  /** Offsets of its records that are not settled. */
  readonly open: Set<number>;
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      gap: fc.oneof(fc.constant(0), fc.nat(5)),
      records: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), pick: fc.nat(1000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('settleBefore' as const),
      pick: fc.nat(1000),
      rows: fc.integer({ min: -2, max: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: -3, max: 5 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const segmentOf = (firstOffset: number, lastOffset: number): Segment => ({
  partitionId: 3,
  epoch: 1,
  firstRow: 0,
  rowCount: lastOffset - firstOffset + 1,
  firstOffset,
  lastOffset,
});

function offsetsOf({ firstOffset, lastOffset }: Segment): number[] {
  return Array.from({ length: lastOffset - firstOffset + 1 }, (_, n) => firstOffset + n);
}

/** Remembers every record: the committable offset is the lowest unsettled one, else the position. */
class Model {
  readonly ledger: OffsetLedger;
  readonly reads: Read[] = [];
  position: number;
  reported = -1;

  constructor(position: number) {
    this.position = position;
    this.ledger = new OffsetLedger(position);
  }

  take(action: Step): void {
    if (action.kind === 'read') this.read(action.gap, action.records);
    else if (action.kind === 'advance') {
      this.ledger.advance(this.position + action.by);
      this.position += Math.max(0, action.by);
    } else {
      const read = this.reads[action.pick % Math.max(1, this.reads.length)];
      if (read === undefined) return;
      const { firstOffset, lastOffset } = read.segment;
      const before = action.kind === 'settle' ? lastOffset + 1 : firstOffset + action.rows;
      const settled = [...read.open].filter((offset) => offset < before);
      const changed =
        action.kind === 'settle'
          ? this.ledger.settle(read.segment, read.batchId)
          : this.ledger.settleBefore(read.segment, read.batchId, before);
      assert.equal(changed, settled.length > 0);
      for (const offset of settled) read.open.delete(offset);
    }
  }

  private read(gap: number, records: number): void {
    const first = this.position + gap;
    const segment = segmentOf(first, first + records - 1);
    const batchId = this.reads.length + 1;
    this.ledger.add(segment, batchId);
    const open = new Set(Array.from({ length: records }, (_, i) => first + i));
    this.reads.push({ segment, batchId, open });
    this.position = first + records;
  }

  check(): void {
    const open = this.reads.flatMap((read) => [...read.open]);
    const committable = Math.min(this.position, ...open);
    assert.equal(this.ledger.committable, committable);
    assert.equal(this.ledger.position, this.position);
    assert.equal(this.ledger.unsettled, this.reads.filter((read) => read.open.size > 0).length);
    const ahead = this.ledger.settledAhead.flatMap(([from, to]) =>
      Array.from({ length: to - from }, (_, n) => from + n),
    );
    const isOpen = new Set(open);
    const settled = this.reads.flatMap(({ segment }) => offsetsOf(segment).filter((one) => !isOpen.has(one)));
    assert.deepEqual(
      ahead,
      settled.filter((offset) => offset > committable),
    );
    const redelivery = open.length === 0 ? undefined : { from: committable, to: this.position };
    assert.deepEqual(this.ledger.redelivery, redelivery);
    assert.ok(committable >= this.reported, 'the committable offset never falls');
    assert.equal(this.ledger.takeChanged(), committable === this.reported ? undefined : committable);
    this.reported = committable;
  }
}

test('the committable offset is the lowest unsettled one, whatever settles first', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.array(step, { maxLength: 80 }), (start, steps) => {
      const model = new Model(start);
      for (const action of steps) {
        model.take(action);
        model.check();
      }
    }),
    { numRuns: 300 },
  );
});

test('thousands of segments behind one that is stuck are committed together when it settles', () => {
  const ledger = new OffsetLedger(10);
  const segments = Array.from({ length: 5_000 }, (_, i) => segmentOf(10 + i * 2, 11 + i * 2));
  segments.forEach((segment, i) => {
    ledger.add(segment, i);
  });
  for (let i = segments.length - 1; i > 0; i -= 1) ledger.settle(segments[i] ?? segmentOf(0, 0), i);
  assert.equal(ledger.committable, 10);
  assert.deepEqual(ledger.redelivery, { from: 10, to: 10_010 });
  assert.equal(ledger.settle(segments[0] ?? segmentOf(0, 0), 0), true);
  assert.equal(ledger.committable, 10_010);
  assert.equal(ledger.redelivery, undefined);
  assert.equal(ledger.settle(segments[77] ?? segmentOf(0, 0), 77), false, 'settled long ago');
});

test('segments that are forgotten while later ones are open take no open one with them', () => {
  // Forgetting begins with 64 settled segments before the first open one, and more than half of all.
  for (const settled of [63, 64, 65, 127, 128, 200, 1_000])
    for (const open of [1, 2, 63, 64, 65, 130]) {
      const ledger = new OffsetLedger(0);
      const segments = Array.from({ length: settled + open }, (_, i) => segmentOf(i * 3, i * 3 + 1));
      segments.forEach((segment, i) => {
        ledger.add(segment, i);
      });
      segments.forEach((segment, i) => {
        assert.equal(ledger.committable, i * 3, `${i} of ${settled} settled, ${open} open`);
        assert.equal(ledger.unsettled, segments.length - i);
        if (i < settled) assert.equal(ledger.settle(segment, i), true);
        else {
          // Half of the segment first: what is left of it is still the lowest.
          assert.equal(ledger.settleBefore(segment, i, i * 3 + 1), true);
          assert.equal(ledger.committable, i * 3 + 1);
          assert.equal(ledger.settle(segment, i), true);
        }
        assert.equal(ledger.settle(segment, i), false, 'a second time changes nothing');
      });
      assert.equal(ledger.committable, ledger.position);
      assert.equal(ledger.redelivery, undefined);
    }
});

test('offsets that do not rise, and segments that were never read, are defects', () => {
  const ledger = new OffsetLedger(5);
  const defect = { name: 'DispatcherError', code: 'DEFECT' };
  assert.throws(() => new OffsetLedger(-1), defect);
  assert.throws(() => new OffsetLedger(Number.NaN), defect);
  ledger.add(segmentOf(5, 9), 1);
  assert.throws(() => ledger.add(segmentOf(9, 12), 2), defect);
  assert.throws(() => ledger.add(segmentOf(12, 11), 2), defect);
  assert.throws(() => ledger.add(segmentOf(10, Number.MAX_SAFE_INTEGER), 2), defect);
  assert.throws(() => ledger.settle(segmentOf(5, 9), 2), /batch 2 settles a segment of batch 1/);
  assert.throws(() => ledger.settle(segmentOf(10, 12), 2), /was never read/);
  assert.equal(ledger.position, 10, 'what was refused changed nothing');
});
