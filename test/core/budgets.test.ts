import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Block } from '../../src/core/batch.js';
import { BlockPool } from '../../src/core/block-pool.js';
import { FlowControl } from '../../src/core/flow/flow-control.js';

test('flow control counts exactly; releasing more than is in flight is a defect', () => {
  const op = fc.record({ release: fc.boolean(), bytes: fc.nat(60), records: fc.nat(6) });
  fc.assert(
    fc.property(fc.array(op, { maxLength: 50 }), (ops) => {
      const flow = new FlowControl();
      const held: { bytes: number; records: number }[] = [];
      for (const { release, bytes, records } of ops) {
        const one = release ? held.shift() : undefined;
        if (one !== undefined) flow.release(one.bytes, one.records);
        else {
          flow.book(bytes, records);
          held.push({ bytes, records });
        }
        assert.equal(
          flow.bytes,
          held.reduce((sum, other) => sum + other.bytes, 0),
        );
        assert.equal(
          flow.records,
          held.reduce((sum, other) => sum + other.records, 0),
        );
      }
    }),
  );
  const flow = new FlowControl();
  assert.throws(() => flow.release(1, 0), { code: 'DEFECT' });
  assert.throws(() => flow.book(-1, 0), { code: 'DEFECT' });
});

const BLOCK = 10;
const BUDGET = 55;

const poolOp = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pair' as const),
      input: fc.constantFrom(10, 10, 10, 25, 70),
      output: fc.constantFrom(10, 10, 25),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('give' as const), pick: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('book' as const), bytes: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unbook' as const) }) },
);

class PoolModel {
  readonly sizes = new Map<number, number>();
  readonly made = new Set<number>();
  readonly out: Block[] = [];
  readonly external: number[] = [];
  readonly pool = new BlockPool({
    blockBytes: BLOCK,
    budgetBytes: BUDGET,
    create: (bytes, id) => {
      assert(!this.made.has(id), 'ids are never used again');
      this.made.add(id);
      return { id, bytes: new Uint8Array(bytes) };
    },
  });

  get used(): number {
    return (
      this.out.reduce((sum, block) => sum + block.bytes.length, 0) +
      this.external.reduce((sum, bytes) => sum + bytes, 0)
    );
  }

  hold(...blocks: (Block | undefined)[]): void {
    for (const block of blocks) {
      if (block === undefined) continue;
      assert(!this.out.includes(block), 'a block is not handed out again while it is in use');
      this.out.push(block);
    }
  }

  give(pick: number): void {
    const block = this.out[pick % Math.max(1, this.out.length)];
    if (block === undefined) return;
    this.out.splice(this.out.indexOf(block), 1);
    this.pool.give(block);
    assert.throws(() => this.pool.give(block), { code: 'DEFECT' });
  }
}

test(
  'blocks stay within the budget, except for a lone oversize block and external bytes; nothing ' +
    'is handed out twice; a pair is both blocks or none',
  () => {
    fc.assert(
      fc.property(fc.array(poolOp, { maxLength: 60 }), (ops) => {
        const model = new PoolModel();
        const { pool } = model;
        for (const o of ops) {
          const before = model.used;
          const excused = before > BUDGET;
          if (o.kind === 'take') {
            const expected = before + BLOCK <= BUDGET;
            const block = pool.take();
            assert.equal(block !== undefined, expected, `take with ${before} of ${BUDGET} used`);
            model.hold(block);
          } else if (o.kind === 'pair') {
            const pair = pool.takePair(o.input, o.output);
            const alone = before === 0 && Math.max(o.input, o.output) > BLOCK;
            assert.equal(pair !== undefined, alone || before + o.input + o.output <= BUDGET);
            model.hold(pair?.input, pair?.output);
            if (pair !== undefined)
              assert.deepEqual([pair.input.bytes.length, pair.output.bytes.length], [o.input, o.output]);
          } else if (o.kind === 'give') {
            model.give(o.pick);
          } else if (o.kind === 'book') {
            model.external.push(o.bytes);
            pool.bookExternal(o.bytes);
          } else {
            const bytes = model.external.pop();
            if (bytes !== undefined) pool.releaseExternal(bytes);
          }
          assert.equal(pool.usedBytes, model.used);
          assert(pool.allocatedBytes <= Math.max(BUDGET, model.used), 'idle blocks never exceed the budget');
          if (!excused && model.used > BUDGET)
            assert(before === 0 || o.kind === 'book', 'only alone, or external');
        }
      }),
      { numRuns: 1500 },
    );
  },
);

test(
  'the block returned last is handed out first, and no more blocks are allocated than were in use ' +
    'at once',
  () => {
    let made = 0;
    const create = (bytes: number, id: number): Block => {
      made += 1;
      return { id, bytes: new Uint8Array(bytes) };
    };
    const pool = new BlockPool({ blockBytes: 8, budgetBytes: 80, create });
    const first = pool.take();
    const second = pool.take();
    assert(first !== undefined && second !== undefined);
    pool.give(first);
    pool.give(second);
    assert.equal(pool.take(), second);
    assert.equal(pool.take(), first);
    assert.equal(made, 2);
  },
);

test('a budget smaller than a block, and releasing more external bytes than were booked, are defects', () => {
  const create = (bytes: number, id: number): Block => ({ id, bytes: new Uint8Array(bytes) });
  assert.throws(() => new BlockPool({ blockBytes: 9, budgetBytes: 8, create }), { code: 'DEFECT' });
  const pool = new BlockPool({ blockBytes: 8, budgetBytes: 8, create });
  pool.bookExternal(5);
  assert.throws(() => pool.releaseExternal(6), { code: 'DEFECT' });
});
