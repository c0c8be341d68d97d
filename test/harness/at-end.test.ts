import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** A test file whose preparation fails in the middle. */
const FILE = `
import { before, test } from 'node:test';
import { atEndOf } from ${JSON.stringify(new URL('../support/at-end.js', import.meta.url).href)};
let second;
const atEnd = atEndOf();
before(async () => {
  atEnd(() => console.log('first is closed'));
  atEnd(() => { throw new Error('does not close'); });
  throw new Error('the broker did not start');
  atEnd(() => second.close());
});
test('anything', () => undefined);
`;

test('a failed preparation is the reported error, and everything it opened is still closed', () => {
  // Without the variable that marks a process of the test runner.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--input-type=module', '--eval', FILE];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 30_000 });
  assert.equal(status, 1);
  assert.match(stdout, /the broker did not start/);
  assert.match(stdout, /first is closed/);
  assert.doesNotMatch(stdout, /TypeError/);
});
