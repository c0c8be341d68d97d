import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BadAnswer } from '../../src/diagnosis/kafka-wire.js';
import { quorumRequest, readQuorumTime } from '../../src/diagnosis/quorum-clock.js';

/** As a broker answers: leader 2 of two voters. */
function answer(code = 0, leader = 2): Buffer {
  const voter = (id: number, timeMs: bigint): Buffer => {
    const bytes = Buffer.alloc(29);
    bytes.writeInt32BE(id, 0);
    bytes.writeBigInt64BE(1_000n, 4);
    bytes.writeBigInt64BE(timeMs, 12);
    bytes.writeBigInt64BE(timeMs, 20);
    return bytes;
  };
  const partition = Buffer.alloc(4 + 2 + 4 + 4 + 8);
  partition.writeInt32BE(leader, 6);
  const head = Buffer.from([0, 0, code, 2, 3, 97, 98, 2]);
  return Buffer.concat([
    head,
    partition,
    Buffer.from([3]),
    voter(1, 5n),
    voter(2, 1_700_000_000_123n),
    Buffer.from([1, 0, 0, 0]),
  ]);
}

test("the leader's time is read if the answer contains it", () => {
  assert.equal(readQuorumTime(answer()), 1_700_000_000_123);
  assert.equal(readQuorumTime(answer(31)), undefined);
  assert.equal(readQuorumTime(answer(0, 7)), undefined);
  assert.equal(quorumRequest().body.toString('latin1').includes('__cluster_metadata'), true);
});

test('any answer is read within its bytes, or refused', () => {
  const refused = (bytes: Buffer): void => {
    try {
      readQuorumTime(bytes);
    } catch (error) {
      assert.ok(error instanceof BadAnswer);
    }
  };
  for (let length = 0; length < answer().length; length++) refused(answer().subarray(0, length));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refused(Buffer.from(bytes))));
});
