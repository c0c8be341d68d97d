import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
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
