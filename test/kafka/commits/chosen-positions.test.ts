import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChosenPositions } from '../../../src/kafka/commits/chosen-positions.js';

const opened = (offset: number) => ({ partitionId: 7, topic: 't', partition: 2, epoch: 1, offset });

test('a chosen position is stored once, where the partition is opened at it', () => {
  const chosen = new ChosenPositions();
  chosen.note(7, { offset: 10, start: 'reset' });
  assert.deepEqual(chosen.take([opened(10)]), { all: [{ partitionId: 7, offset: 10 }], below: [] });
  assert.deepEqual(chosen.take([opened(10)]), { all: [], below: [] });
});

test('a position behind the last commit is committed by itself as well', () => {
  const chosen = new ChosenPositions();
  chosen.note(7, { offset: 4, start: 'skip' });
  assert.deepEqual(chosen.take([opened(4)]).below, [{ topic: 't', partition: 2, offset: 4 }]);
});

test('a partition opened elsewhere, or at its commit, has nothing to store', () => {
  const chosen = new ChosenPositions();
  chosen.note(7, { offset: 4, start: 'skip' });
  assert.deepEqual(chosen.take([opened(5)]), { all: [], below: [] });
  chosen.note(7, { offset: 4, start: 'reset' });
  chosen.note(7, { offset: 6, start: 'committed' });
  assert.deepEqual(chosen.take([opened(6)]), { all: [], below: [] });
});

test('an undecided position is never committed; what is read from it is, and so is the next choice', () => {
  const chosen = new ChosenPositions();
  chosen.note(7, { offset: 0, start: 'undecided' });
  assert.deepEqual(chosen.take([opened(0)]), { all: [], below: [] });
  assert.equal(chosen.isUndecided({ partitionId: 7, offset: 0 }), true);
  assert.equal(chosen.isUndecided({ partitionId: 7, offset: 1 }), false);
  assert.equal(chosen.isUndecided({ partitionId: 8, offset: 0 }), false);
  chosen.note(7, { offset: 0, start: 'reset' });
  assert.equal(chosen.isUndecided({ partitionId: 7, offset: 0 }), false);
});
