/** Which secrets a process knows, and how long, while configurations are reloaded and tokens renewed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MASK } from '../../src/secrets/redact.js';
import { Secrets } from '../../src/secrets/secrets.js';

function known(secrets: Secrets, ...words: readonly string[]): readonly boolean[] {
  return words.map((word) => secrets.redact(`login ${word} refused`) === `login ${MASK} refused`);
}

test('nothing is removed before a secret is known, and at once when it is', () => {
  const secrets = new Secrets();
  assert.deepEqual(known(secrets, 'first-secret'), [false]);
  secrets.add(['first-secret', 'second-secret']);
  assert.deepEqual(known(secrets, 'first-secret', 'second-secret', 'another'), [true, true, false]);
});

test('after a reload the secrets of the configuration before are still removed: logs may quote them', () => {
  const secrets = new Secrets();
  secrets.add(['old-secret']);
  assert.deepEqual(known(secrets, 'old-secret'), [true]);
  secrets.add(['new-secret']);
  assert.deepEqual(known(secrets, 'old-secret', 'new-secret'), [true, true]);
});

test('the secrets of the last five configurations are known, those before are forgotten', () => {
  const secrets = new Secrets();
  for (let n = 1; n <= 6; n++) secrets.add([`secret-number-${n}`]);
  const words = [1, 2, 3, 4, 5, 6].map((n) => `secret-number-${n}`);
  assert.deepEqual(known(secrets, ...words), [false, true, true, true, true, true]);
});

test('a reload that changes no secret forgets none, however often it happens', () => {
  const secrets = new Secrets();
  secrets.add(['old-secret']);
  for (let n = 0; n < 20; n++) secrets.add(['new-secret', 'other-secret']);
  assert.deepEqual(known(secrets, 'old-secret', 'new-secret', 'other-secret'), [true, true, true]);
});

test('configurations are equal only with the same secrets, all of them', () => {
  const secrets = new Secrets();
  secrets.add(['one-secret']);
  secrets.add(['one-secret', 'two-secret']);
  secrets.add(['one-secret', 'three-secret']);
  secrets.add([]);
  assert.deepEqual(known(secrets, 'one-secret', 'two-secret', 'three-secret'), [true, true, true]);
});

test('a token that appears at run time is removed, beside the secrets of the configuration', () => {
  const secrets = new Secrets();
  secrets.add(['configured-secret']);
  secrets.remember('token-of-now');
  assert.deepEqual(known(secrets, 'configured-secret', 'token-of-now'), [true, true]);
});

test('of tokens the last hundred are known; one that is met again is as good as new', () => {
  const secrets = new Secrets();
  for (let n = 0; n < 100; n++) secrets.remember(`token-number-${n}-`);
  assert.deepEqual(known(secrets, 'token-number-0-', 'token-number-99-'), [true, true]);
  secrets.remember('token-number-0-');
  secrets.remember('one-token-more');
  assert.deepEqual(
    known(secrets, 'token-number-0-', 'token-number-1-', 'token-number-2-', 'one-token-more'),
    [true, false, true, true],
  );
});

test('tokens do not push out the secrets of a configuration', () => {
  const secrets = new Secrets();
  secrets.add(['configured-secret']);
  for (let n = 0; n < 300; n++) secrets.remember(`token-number-${n}-`);
  assert.deepEqual(known(secrets, 'configured-secret'), [true]);
});

test('redact may be passed on alone, and knows what is added later', () => {
  const secrets = new Secrets();
  const { redact, remember } = secrets;
  assert.equal(redact('a later-secret'), 'a later-secret');
  remember('later-secret');
  assert.equal(redact('a later-secret'), `a ${MASK}`);
});
