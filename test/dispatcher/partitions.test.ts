import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BatchId, Segment } from '../../src/core/batch.js';
import { OffsetLedger } from '../../src/core/offset-ledger.js';
import { Partitions } from '../../src/dispatcher/partitions/partitions.js';
import { partition } from './bench.js';

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
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), p: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
);

/** Runs each operation on both; settling a random earlier segment may be late, repeated or stale. */
class Pair {
  readonly partitions = new Partitions();
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
      Object.assign(model, { open: true, position: o.at, reported: -1, records: [] });
      assert.equal(this.partitions.open(partition(o.p), o.at).epoch, model.epoch);
    } else if (o.kind === 'close') {
      model.open = false;
      this.partitions.close(o.p);
    } else if (o.kind === 'advance') {
      this.partitions.offsets(o.p)?.advance(model.position + o.by);
      if (model.open) model.position = Math.max(model.position, model.position + o.by);
    } else {
      this.read(o.p, o.gaps);
    }
  }

  check(): void {
    this.models.forEach((model, p) => {
      const offsets = this.partitions.offsets(p);
      assert.equal(this.partitions.isOpen(p, model.epoch), model.open);
      assert.equal(offsets?.committable, model.open ? model.committable() : undefined);
      assert.equal(offsets?.position, model.open ? model.position : undefined);
      const ranges = model.ranges(this.live.filter(({ segment }) => segment.partitionId === p));
      const redelivery = ranges.length === 0 ? undefined : { from: model.committable(), to: model.position };
      assert.deepEqual(offsets?.redelivery, redelivery);
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
    this.partitions.add(segment, batchId);
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
    const offsets = this.partitions.current(one.segment.partitionId, one.segment.epoch);
    assert.equal(offsets !== undefined, current);
    const result =
      row === undefined
        ? offsets?.settle(one.segment, one.batchId)
        : offsets?.settleBefore(one.segment, one.batchId, below);
    assert.equal(result ?? false, fresh.length > 0);
    for (const record of fresh) record.settled = true;
  }

  private take(): void {
    const expected = this.models.flatMap((model, partitionId) => {
      if (!model.open || model.committable() === model.reported) return [];
      model.reported = model.committable();
      return [{ partitionId, offset: model.reported }];
    });
    assert.deepEqual(
      this.partitions.takeChanged().sort((a, b) => a.partitionId - b.partitionId),
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
  'the offsets agree with a model that keeps every record, with gaps, splits, repeats, stale ' +
    'epochs and reopened partitions',
  () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 80 }), (ops) => {
        const pair = new Pair();
        for (const p of [0, 1, 2]) pair.run({ kind: 'open', p, at: p * 10 });
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
  const offsets = new OffsetLedger(100);
  assert.throws(() => offsets.add(segment(99, 99), 1), { code: 'DEFECT' });
  offsets.add(segment(100, 104), 1);
  assert.throws(() => offsets.add(segment(104, 110), 2), { code: 'DEFECT' });
  assert.throws(() => offsets.add(segment(110, 109), 2), { code: 'DEFECT' });
  assert.throws(() => offsets.add(segment(200, Number.MAX_SAFE_INTEGER), 2), { code: 'DEFECT' });
  assert.throws(() => new OffsetLedger(-1), { code: 'DEFECT' });
});

test('the epoch of a partition rises by one with each opening, and only the current one is valid', () => {
  const step = fc.record({
    kind: fc.constantFrom('open' as const, 'close' as const, 'drop' as const),
    p: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const partitions = new Partitions();
      const models = [0, 1, 2].map(() => ({ epoch: 0, open: false, owned: false }));
      for (const { kind, p } of steps) {
        const model = models[p];
        assert(model !== undefined);
        if (kind === 'open') {
          model.epoch += 1;
          assert.equal(partitions.open(partition(p), 0).epoch, model.epoch);
        } else {
          partitions[kind](p);
        }
        model.open = kind === 'open';
        model.owned = kind === 'open' || (kind === 'close' && model.owned);
        models.forEach((each, id) => {
          for (let epoch = 0; epoch <= each.epoch + 1; epoch += 1)
            assert.equal(partitions.isOpen(id, epoch), each.open && epoch === each.epoch);
          assert.equal(partitions.owns(id), each.owned);
        });
        assert.equal(partitions.ownedCount, models.filter(({ owned }) => owned).length);
      }
    }),
  );
});

test('a partition that is assigned again begins with nothing but its epoch and what was confirmed', () => {
  const partitions = new Partitions();
  partitions.open(partition(0), 10);
  const state = partitions.get(0);
  assert(state?.ours !== undefined);
  state.committed = 12;
  state.ours.stored = 15;
  assert.deepEqual(partitions.unconfirmed(), [{ partitionId: 0, from: 12, to: 15 }]);
  partitions.drop(0);
  assert.deepEqual(partitions.unconfirmed(), []);
  partitions.open(partition(0), 20);
  assert.equal(partitions.get(0), state);
  assert.deepEqual([state.epoch, state.committed], [2, 12]);
  assert.deepEqual([state.ours.begunAt, state.ours.stored], [20, undefined]);
});

test('settling what was never read, or under another batch, is a defect', () => {
  const offsets = new OffsetLedger(0);
  assert.throws(() => offsets.settle(segment(0, 9), 1), { code: 'DEFECT' });
  offsets.add(segment(0, 9), 1);
  assert.throws(() => offsets.settle(segment(0, 9), 2), { code: 'DEFECT' });
});

test(
  'a hundred thousand segments settled in reverse order stay cheap, and are committable after the ' +
    'last one',
  () => {
    const offsets = new OffsetLedger(0);
    assert.equal(offsets.takeChanged(), 0);
    const count = 100_000;
    for (let i = 0; i < count; i += 1) offsets.add(segment(i * 10, i * 10 + 5), i);
    for (let i = count - 1; i > 0; i -= 1) offsets.settle(segment(i * 10, i * 10 + 5), i);
    assert.equal(offsets.takeChanged(), undefined);
    assert.equal(offsets.committable, 0);
    assert.equal(offsets.unsettled, 1);
    offsets.settle(segment(0, 5), 0);
    assert.equal(offsets.takeChanged(), (count - 1) * 10 + 6);
  },
);
