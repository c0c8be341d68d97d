import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lifecycle, type LifecycleState, TRANSITIONS } from '../../src/core/lifecycle.js';

const STATES: readonly LifecycleState[] = [
  'idle',
  'starting',
  'running',
  'draining',
  'closing',
  'stopped',
  'failed',
];

test(
  'the lifecycle accepts exactly the transitions of its table; any other is a defect and changes ' +
    'nothing',
  () => {
    const allowed = new Set([
      'idle>starting',
      'idle>draining',
      'starting>running',
      'starting>draining',
      'running>draining',
      'draining>closing',
      'closing>stopped',
      'closing>failed',
    ]);
    assert.deepEqual(
      new Set(STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from}>${to}`))),
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
          assert.equal(lifecycle.isStopping(), STATES.indexOf(lifecycle.state) >= STATES.indexOf('draining'));
          assert.equal(lifecycle.isOver(), STATES.indexOf(lifecycle.state) >= STATES.indexOf('closing'));
        }
      }),
    );
  },
);
