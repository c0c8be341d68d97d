import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pass } from './helpers.js';
import { Play } from './play.js';

test('a member that waits for its group reloads once the group has answered', async () => {
  const play = await new Play().running();
  play.leg.membership = 'joining';
  await play.change('b');
  await pass(play.clock, 20_000);
  assert.equal(play.legs[0]?.stops, 0, 'a consumer that leaves now would hang');
  assert.match(play.lines.of('info').join('\n'), /used once the group has answered this member/);
  play.leg.membership = 'owner';
  await pass(play.clock, 1_000);
  assert.equal(play.names, 'a b');
});

test('a reload waits a minute for the group at most, and a stop ends the waiting', async () => {
  const play = await new Play().running();
  play.leg.membership = 'lost';
  await play.change('b');
  await pass(play.clock, 59_000);
  assert.equal(play.names, 'a');
  await pass(play.clock, 2_000);
  assert.equal(play.names, 'a b');
  const stopped = await new Play().running();
  stopped.leg.membership = 'joining';
  await stopped.change('b');
  stopped.runner.stop();
  await pass(stopped.clock, 1_000);
  assert.equal(stopped.names, 'a');
  assert.equal(stopped.report?.state, 'stopped');
});
