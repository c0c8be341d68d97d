import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmptyHanded } from '../../../src/kafka/source/group/empty-handed.js';

function statistics(
  group: Readonly<Record<string, unknown>> = {},
  coordinator: Readonly<Record<string, unknown>> = {},
): { readonly document: object } {
  return {
    document: {
      cgrp: { state: 'up', join_state: 'init', assignment_size: 0, ...group },
      brokers: { GroupCoordinator: { state: 'UP', waitresp_cnt: 0, ...coordinator } },
    },
  };
}

/** The second of ten at which it says so. */
function toldAt(member: EmptyHanded, seen = statistics()): number {
  for (let second = 0; second < 10; second += 1) if (member.note(seen, second * 1_000)) return second;
  return -1;
}

test('a member at rest with nothing says so once, and again after the next rebalance event', () => {
  const member = new EmptyHanded();
  assert.equal(toldAt(member), 3);
  assert.equal(toldAt(member), -1);
  member.event();
  assert.equal(toldAt(member, statistics({ join_state: 'steady' })), 3);
});

test('a member that waits for its coordinator or for partitions is not empty-handed', () => {
  for (const seen of [
    statistics({}, { waitresp_cnt: 1 }),
    statistics({}, { state: 'CONNECT' }),
    statistics({ state: 'wait-coord' }),
    statistics({ join_state: 'wait-assign-call' }),
    statistics({ assignment_size: 2 }),
  ])
    assert.equal(toldAt(new EmptyHanded(), seen), -1);
});
