import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AssigningConsumer, RebalanceAnswers } from '../../../src/kafka/source/group/rebalance.js';

const ASSIGN = -175;
const REVOKE = -174;
const A0 = { topic: 'a', partition: 0, offset: 7 };

class RecordingConsumer implements AssigningConsumer {
  protocol = 'COOPERATIVE';
  readonly calls: unknown[] = [];
  rebalanceProtocol(): string {
    return this.protocol;
  }
  assign(partitions: unknown[]): void {
    this.calls.push(['assign', ...partitions]);
  }
  unassign(): void {
    this.calls.push(['unassign']);
  }
  incrementalAssign(partitions: unknown[]): void {
    this.calls.push(['incrementalAssign', ...partitions]);
  }
  incrementalUnassign(partitions: unknown[]): void {
    this.calls.push(['incrementalUnassign', ...partitions]);
  }
}

test('a cooperative group is answered with increments', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  assert.equal(answers.arrived(ASSIGN), 'assign');
  answers.assign([A0]);
  assert.equal(answers.arrived(REVOKE), 'revoke');
  answers.unassign([A0]);
  assert.deepEqual(consumer.calls, [
    ['incrementalAssign', A0],
    ['incrementalUnassign', A0],
  ]);
});

test('an eager group is answered with whole assignments', () => {
  const consumer = new RecordingConsumer();
  consumer.protocol = 'EAGER';
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(ASSIGN);
  answers.assign([A0]);
  answers.arrived(REVOKE);
  answers.unassign([A0]);
  assert.deepEqual(consumer.calls, [['assign', A0], ['unassign']]);
});

test('the protocol at the time of the event decides, not the one at the time of the answer', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(REVOKE);
  consumer.protocol = 'NONE';
  answers.unassign([A0]);
  assert.deepEqual(consumer.calls, [['incrementalUnassign', A0]]);
});

test('a rebalance error is answered immediately with an unassign', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  assert.equal(answers.arrived(27), undefined);
  assert.equal(answers.pending, undefined);
  assert.deepEqual(consumer.calls, [['unassign']]);
});

test('leaving answers a pending assignment before it closes the open partitions', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(ASSIGN);
  answers.releaseAll([A0]);
  assert.deepEqual(consumer.calls, [['incrementalAssign'], ['incrementalUnassign', A0]]);
});

test('leaving answers a pending revocation exactly once', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(REVOKE);
  answers.releaseAll([A0]);
  answers.releaseAll([]);
  assert.deepEqual(consumer.calls, [['incrementalUnassign', A0]]);
});

const B1 = { topic: 'b', partition: 1, offset: 100 };

test('while a revocation waits no partition is assigned again: it would be taken for the answer', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(ASSIGN);
  answers.assign([A0, B1]);
  answers.arrived(REVOKE);
  consumer.calls.length = 0;
  assert.equal(answers.assignAgain({ ...B1, offset: 90 }, [A0]), false);
  answers.assignAgain({ ...B1, offset: 50 }, [A0]);
  assert.deepEqual(consumer.calls, [], 'what is being drained stays ours until the event is answered');
  answers.unassign([A0]);
  assert.deepEqual(consumer.calls, [
    ['incrementalUnassign', A0],
    ['incrementalUnassign', { ...B1, offset: 50 }],
    ['incrementalAssign', { ...B1, offset: 50 }],
  ]);
  answers.arrived(REVOKE);
  answers.assignAgain({ ...B1, offset: 10 }, []);
  consumer.calls.length = 0;
  answers.unassign([B1]);
  answers.arrived(ASSIGN);
  answers.assign([A0]);
  assert.deepEqual(
    consumer.calls,
    [
      ['incrementalUnassign', B1],
      ['incrementalAssign', A0],
    ],
    'one that was given back is not ours to assign',
  );
});

test('while no event waits, a partition is assigned again at once', () => {
  const consumer = new RecordingConsumer();
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(ASSIGN);
  answers.assign([A0, B1]);
  consumer.calls.length = 0;
  assert.equal(answers.assignAgain(B1, [A0]), false);
  assert.deepEqual(consumer.calls, [
    ['incrementalUnassign', B1],
    ['incrementalAssign', B1],
  ]);
});

test('an eager group names all partitions when one is assigned again, and none while an event waits', () => {
  const consumer = new RecordingConsumer();
  consumer.protocol = 'EAGER';
  const answers = new RebalanceAnswers(consumer);
  answers.arrived(ASSIGN);
  answers.assign([A0, B1]);
  consumer.calls.length = 0;
  assert.equal(answers.assignAgain(B1, [A0]), true, 'the others begin again, too');
  answers.arrived(REVOKE);
  assert.equal(answers.assignAgain(B1, [A0]), false);
  answers.unassign([A0, B1]);
  answers.arrived(ASSIGN);
  answers.assign([A0]);
  assert.deepEqual(consumer.calls, [['assign', B1, A0], ['unassign'], ['assign', A0]]);
});
