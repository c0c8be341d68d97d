import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notReady } from '../../src/app/status-body.js';

test('a member that owns partitions, or is spare, is ready while it runs', () => {
  for (const membership of ['owner', 'spare'] as const)
    assert.equal(notReady({ state: 'running', membership, stalled: undefined }), null);
});

test('a member that lacks something from the group is not ready, and gives the reason', () => {
  const why = (membership: 'joining' | 'positioning' | 'lost'): string | null =>
    notReady({ state: 'running', membership, stalled: undefined });
  assert.equal(why('joining'), 'no partitions assigned yet');
  assert.match(why('positioning') ?? '', /partitions are assigned/);
  assert.match(why('lost') ?? '', /session/);
});

test('a stall is reported before anything else; a draining run is not ready', () => {
  const stalled = { state: 'running', membership: 'owner', stalled: 'topic out does not answer' } as const;
  assert.equal(notReady(stalled), 'topic out does not answer');
  const draining = { state: 'draining', membership: 'owner', stalled: undefined } as const;
  assert.equal(notReady(draining), 'the run is draining');
});
