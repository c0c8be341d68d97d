import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BatchId, Segment } from '../../src/core/batch.js';
import { OffsetTracker } from '../../src/core/offset-tracker.js';

/** A naive model that keeps every single record. */
class Model {
  epoch = 0;
  open = false;
  position = 0;
  reported = 0;
  records: { offset: number; settled: boolean }[] = [];

  committable(): number {
    return this.records.find((record) => !record.settled)?.offset ?? this.position;
  }

  ranges(segments: readonly Live[]): { from: number; to: number }[] {
    const ranges: { from: number; to: number }[] = [];
    for (const { segment, offsets } of segments) {
      if (segment.epoch !== this.epoch || !this.open) continue;
      const first = this.records.find((record) => !record.settled && offsets.includes(record.offset));
      if (first === undefined) continue;
      const last = ranges.at(-1);
      if (last?.to === first.offset) last.to = segment.lastOffset + 1;
      else ranges.push({ from: first.offset, to: segment.lastOffset + 1 });
    }
    return ranges;
  }
}

interface Live {
  readonly segment: Segment;
  readonly batchId: BatchId;
  readonly offsets: readonly number[];
}

const op = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      p: fc.nat(2),
      gaps: fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('settle' as const), pick: fc.nat(1000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('split' as const), pick: fc.nat(1000), row: fc.nat(6) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      p: fc.nat(2),
      by: fc.integer({ min: -5, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      p: fc.nat(2),
      at: fc.nat(50),
      report: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), p: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
);

/** Runs each operation on both; settling a random earlier segment may be late, repeated or stale. */
class Pair {
  readonly tracker = new OffsetTracker();
  readonly models = [new Model(), new Model(), new Model()];
  readonly live: Live[] = [];
  nextBatch = 0;

  run(o: typeof op extends fc.Arbitrary<infer T> ? T : never): void {
    if (o.kind === 'settle' || o.kind === 'split')
      return this.settle(o.pick, o.kind === 'split' ? o.row : undefined);
    if (o.kind === 'take') return this.take();
    const model = this.model(o.p);
    if (o.kind === 'open') {
      model.epoch += 1;
      Object.assign(model, { open: true, position: o.at, reported: o.report ? -1 : o.at, records: [] });
      this.tracker.open(o.p, model.epoch, o.at, o.report);
    } else if (o.kind === 'close') {
      model.open = false;
      this.tracker.close(o.p);
    } else if (o.kind === 'advance') {
      this.tracker.advance(o.p, model.position + o.by);
      if (model.open) model.position = Math.max(model.position, model.position + o.by);
    } else {
      this.read(o.p, o.gaps);
    }
  }

  check(): void {
    this.models.forEach((model, p) => {
      assert.equal(this.tracker.isOpen(p, model.epoch), model.open);
      assert.equal(this.tracker.committable(p), model.open ? model.committable() : undefined);
      assert.equal(this.tracker.position(p), model.open ? model.position : undefined);
      const ranges = model.ranges(this.live.filter(({ segment }) => segment.partitionId === p));
      const redelivery = ranges.length === 0 ? undefined : { from: model.committable(), to: model.position };
      assert.deepEqual(this.tracker.redelivery(p), redelivery);
    });
  }

  private read(p: number, gaps: readonly number[]): void {
    const model = this.model(p);
    let offset = model.position - 1;
    const offsets = gaps.map((gap) => (offset += 1 + gap));
    const segment: Segment = {
      partitionId: p,
      epoch: model.epoch,
      firstRow: 0,
      rowCount: offsets.length,
      firstOffset: offsets[0] ?? 0,
      lastOffset: offset,
    };
    const batchId = this.nextBatch++;
    assert.equal(this.tracker.add(segment, batchId), model.open);
    if (!model.open) return;
    this.live.push({ segment, batchId, offsets });
    model.records.push(...offsets.map((o) => ({ offset: o, settled: false })));
    model.position = offset + 1;
  }

  private settle(pick: number, row: number | undefined): void {
    const one = this.live[pick % Math.max(1, this.live.length)];
    if (one === undefined) return;
    const model = this.model(one.segment.partitionId);
    const current = model.open && model.epoch === one.segment.epoch;
    const below =
      row === undefined ? Number.POSITIVE_INFINITY : (one.offsets[row] ?? one.segment.lastOffset + 1);
    const fresh = current
      ? model.records.filter((r) => one.offsets.includes(r.offset) && r.offset < below && !r.settled)
      : [];
    const result =
      row === undefined
        ? this.tracker.settle(one.segment, one.batchId)
        : this.tracker.settleBefore(one.segment, one.batchId, below);
    assert.equal(result, fresh.length > 0);
    for (const record of fresh) record.settled = true;
  }

  private take(): void {
    const expected = this.models.flatMap((model, partitionId) => {
      if (!model.open || model.committable() === model.reported) return [];
      model.reported = model.committable();
      return [{ partitionId, offset: model.reported }];
    });
    assert.deepEqual(
      this.tracker.takeChanged().sort((a, b) => a.partitionId - b.partitionId),
      expected,
    );
  }

  private model(p: number): Model {
    const model = this.models[p];
    assert(model !== undefined);
    return model;
  }
}

test(
  'the tracker agrees with a model that keeps every record, with gaps, splits, repeats, stale ' +
    'epochs and reopened partitions',
  () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 80 }), (ops) => {
        const pair = new Pair();
        for (const p of [0, 1, 2]) pair.run({ kind: 'open', p, at: p * 10, report: false });
        for (const o of ops) {
          pair.run(o);
          pair.check();
        }
      }),
      { numRuns: 1500 },
    );
  },
);

const segment = (firstOffset: number, lastOffset: number, epoch = 1): Segment => ({
  partitionId: 7,
  epoch,
  firstRow: 0,
  rowCount: 1,
  firstOffset,
  lastOffset,
});

test('offsets that do not rise are a defect', () => {
  const tracker = new OffsetTracker();
  tracker.open(7, 1, 100);
  assert.throws(() => tracker.add(segment(99, 99), 1), { code: 'DEFECT' });
  tracker.add(segment(100, 104), 1);
  assert.throws(() => tracker.add(segment(104, 110), 2), { code: 'DEFECT' });
  assert.throws(() => tracker.add(segment(110, 109), 2), { code: 'DEFECT' });
  assert.throws(() => tracker.add(segment(200, Number.MAX_SAFE_INTEGER), 2), { code: 'DEFECT' });
});

test("an old epoch can't be opened again, not even after a close", () => {
  const tracker = new OffsetTracker();
  tracker.open(7, 2, 0);
  tracker.close(7);
  assert.throws(() => tracker.open(7, 2, 0), { code: 'DEFECT' });
  assert.throws(() => tracker.open(7, 1, 0), { code: 'DEFECT' });
});

test('settling what was never read, or under another batch, is a defect', () => {
  const tracker = new OffsetTracker();
  tracker.open(7, 1, 0);
  assert.throws(() => tracker.settle(segment(0, 9), 1), { code: 'DEFECT' });
  tracker.add(segment(0, 9), 1);
  assert.throws(() => tracker.settle(segment(0, 9), 2), { code: 'DEFECT' });
});

test(
  'a hundred thousand segments settled in reverse order stay cheap, and are committable after the ' +
    'last one',
  () => {
    const tracker = new OffsetTracker();
    tracker.open(7, 1, 0);
    const count = 100_000;
    for (let i = 0; i < count; i += 1) tracker.add(segment(i * 10, i * 10 + 5), i);
    for (let i = count - 1; i > 0; i -= 1) tracker.settle(segment(i * 10, i * 10 + 5), i);
    assert.deepEqual(tracker.takeChanged(), []);
    assert.equal(tracker.committable(7), 0);
    assert.equal(tracker.inFlightSegments(7), 1);
    tracker.settle(segment(0, 5), 0);
    assert.deepEqual(tracker.takeChanged(), [{ partitionId: 7, offset: (count - 1) * 10 + 6 }]);
  },
);
