import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { ConfirmedOffsets } from '../../../src/dispatcher/settlement/confirmed-offsets.js';
import { partition } from '../bench.js';
import { standing, warningsOf } from './run-state.js';

test('an offset counts as committed when the brokers have said so, and only of a known partition', () => {
  const { state, lines } = standing();
  const confirmed = new ConfirmedOffsets(state);
  state.partitions.open(partition(0), 10);
  confirmed.committed([
    { partitionId: 0, offset: 25 },
    { partitionId: 7, offset: 99 },
  ]);
  assert.deepEqual([state.partitions.get(0)?.committed, state.partitions.get(7)], [25, undefined]);
  assert.deepEqual(lines.all, []);
});

test('a commit that was refused commits nothing, and the next one covers it', () => {
  const { state, lines } = standing();
  const confirmed = new ConfirmedOffsets(state);
  state.partitions.open(partition(0), 10);
  confirmed.committed([{ partitionId: 0, offset: 25 }]);
  confirmed.committed([{ partitionId: 0, offset: 40 }], new Error('rebalance in progress'));
  assert.equal(state.partitions.get(0)?.committed, 25);
  const [warning] = warningsOf(lines);
  assert.equal(warning?.message, 'a commit was refused; what it covered is committed with the next one');
  assert.equal(warning.fields['error'], 'rebalance in progress');
});

test('while the run ends there is no next commit, and the warning says where to look', () => {
  const { state, lines } = standing();
  state.lifecycle.stop();
  new ConfirmedOffsets(state).committed([], new Error('not coordinator'));
  assert.match(
    warningsOf(lines)[0]?.message ?? '',
    /refused while the run ends: the summary lists what may come twice/,
  );
});

test('after the error that ends the run, refused commits are its consequence and not said', () => {
  const { state, lines } = standing();
  state.errors.push(new DispatcherError('FENCED', 'fenced'));
  new ConfirmedOffsets(state).committed([], new Error('fenced'));
  assert.deepEqual(lines.all, []);
});

test('commits that are refused again and again are said every minute, with the number held back', () => {
  const { state, lines, pass } = standing();
  const confirmed = new ConfirmedOffsets(state);
  for (let second = 0; second <= 60; second++) {
    confirmed.committed([], new Error('no'));
    pass(1_000);
  }
  assert.deepEqual(
    warningsOf(lines).map(({ fields }) => fields['suppressed']),
    [undefined, 59],
  );
});
