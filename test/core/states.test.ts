import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Assignments } from '../../src/core/assignments.js';
import { Lifecycle, RUN_TRANSITIONS, type RunState } from '../../src/core/lifecycle.js';

const STATES: readonly RunState[] = ['idle', 'starting', 'running', 'draining', 'stopped', 'failed'];

test(
  'the lifecycle accepts exactly the transitions of its table; any other is a defect and changes ' +
    'nothing',
  () => {
    const allowed = new Set([
      'idle>starting',
      'idle>stopped',
      'idle>failed',
      'starting>running',
      'starting>draining',
      'starting>failed',
    ]);
    for (const step of ['running>draining', 'running>failed', 'draining>stopped', 'draining>failed'])
      allowed.add(step);
    assert.deepEqual(
      new Set(STATES.flatMap((from) => RUN_TRANSITIONS[from].map((to) => `${from}>${to}`))),
      allowed,
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATES), { maxLength: 12 }), (steps) => {
        const lifecycle = new Lifecycle();
        for (const next of steps) {
          const before = lifecycle.state;
          if (allowed.has(`${before}>${next}`)) {
            lifecycle.transitionTo(next);
            assert.equal(lifecycle.state, next);
          } else {
            assert.throws(() => lifecycle.transitionTo(next), { code: 'DEFECT' });
            assert.equal(lifecycle.state, before);
          }
          assert.equal(lifecycle.isOver, lifecycle.state === 'stopped' || lifecycle.state === 'failed');
        }
      }),
    );
  },
);

test('the epoch of a partition rises by one with each assignment, and only the current one is valid', () => {
  const op = fc.record({
    kind: fc.constantFrom('open' as const, 'drain' as const, 'close' as const),
    p: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(op, { maxLength: 50 }), (ops) => {
      const assignments = new Assignments();
      const model = [0, 1, 2].map(() => ({ epochs: 0, state: 'closed' }));
      for (const { kind, p } of ops) {
        const one = model[p];
        assert(one !== undefined);
        if (kind === 'open' && one.state !== 'closed') {
          assert.throws(() => assignments.open(p), { code: 'DEFECT' });
        } else if (kind === 'open') {
          one.epochs += 1;
          one.state = 'open';
          assert.equal(assignments.open(p), one.epochs);
        } else if (kind === 'drain') {
          if (one.state === 'open') one.state = 'draining';
          assignments.startDraining([p]);
        } else {
          one.state = 'closed';
          assignments.close(p);
        }
        model.forEach((each, id) => {
          const epoch = each.state === 'closed' ? 0 : each.epochs;
          assert.equal(assignments.state(id), each.state);
          assert.equal(assignments.epoch(id), epoch);
          assert.equal(assignments.owned.get(id) ?? 0, epoch);
        });
      }
    }),
  );
});
