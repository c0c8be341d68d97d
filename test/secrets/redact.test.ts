import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MASK, maskUserInfo, redactor } from '../../src/secrets/redact.js';

const PASSWORD = 'Tr0ub4dor&3 ünd/mehr+=';

/** Every way in which a program on the way may have written the password, and its name. */
const WRITTEN: Readonly<Record<string, string>> = {
  plain: PASSWORD,
  json: JSON.stringify({ password: PASSWORD }),
  'percent-encoded': `https://host/?p=${encodeURIComponent(PASSWORD)}&x=1`,
  'percent-encoded in lower case': encodeURIComponent(PASSWORD).replaceAll(/%../g, (one) =>
    one.toLowerCase(),
  ),
  'a form, as an OAuth client posts it': String(new URLSearchParams({ client_secret: PASSWORD })),
  base64: Buffer.from(PASSWORD).toString('base64'),
  base64url: Buffer.from(PASSWORD).toString('base64url'),
  'base64 with the line end of echo': Buffer.from(`${PASSWORD}\n`).toString('base64'),
  'base64 of user and password': Buffer.from(`me:${PASSWORD}`).toString('base64'),
  'base64 of a longer user': Buffer.from(`user:${PASSWORD}`).toString('base64'),
  'base64 of the token of SASL PLAIN': Buffer.from(`\0me\0${PASSWORD}`).toString('base64'),
  'base64 of JSON': Buffer.from(JSON.stringify({ p: PASSWORD })).toString('base64url'),
};

/** The longest run of characters that a text shares with any of the ways above must be short. */
const LEFT_OVER_MAX = 7;

for (const [how, text] of Object.entries(WRITTEN))
  test(`a password is masked when a text has it in this form: ${how}`, () => {
    const clean = redactor([PASSWORD])(text);
    assert.ok(clean.includes(MASK), clean);
    const forms = [
      PASSWORD,
      encodeURIComponent(PASSWORD),
      ...[0, 1, 2].map((before) => Buffer.from(`${'x'.repeat(before)}${PASSWORD}`).toString('base64')),
    ];
    for (const form of forms)
      for (let at = 4; at + LEFT_OVER_MAX < form.length - 4; at += 1) {
        const piece = form.slice(at, at + LEFT_OVER_MAX);
        assert.ok(!clean.includes(piece), `${piece} in ${clean}`);
      }
  });

test('of secrets that overlap in a text, nothing of either is left', () => {
  const redact = redactor(['alpha-beta', 'beta-gamma-delta', 'delta-eps']);
  assert.equal(redact('x alpha-beta-gamma-delta-eps y'), `x ${MASK} y`);
  assert.equal(redact('x alpha-beta, beta-gamma-delta y'), `x ${MASK}, ${MASK} y`);
  assert.equal(redactor(['aaaa'])('aaaaaa b'), `${MASK} b`);
});

test('secrets side by side are masked one by one, so that the text keeps its form', () => {
  assert.equal(redactor(['first', 'second'])('firstsecond'), `${MASK}${MASK}`);
  assert.equal(redactor(['first'])('first first'), `${MASK} ${MASK}`);
});

test('a line of a secret of several lines is masked on its own: logs show keys line by line', () => {
  const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7';
  const key = `-----BEGIN PRIVATE KEY-----\n${line}\nshort\n-----END PRIVATE KEY-----\n`;
  const redact = redactor([key]);
  assert.equal(redact(`unexpected token at "${line}"`), `unexpected token at "${MASK}"`);
  assert.equal(redact(key.replaceAll('\n', '\r\n')).includes(line), false);
  assert.equal(
    redact('a short PEM begins with -----BEGIN PRIVATE KEY-----'),
    'a short PEM begins with -----BEGIN PRIVATE KEY-----',
  );
});

test('a mask says nothing about the length of the secret', () => {
  assert.equal(redactor(['four'])('four'), redactor(['a-very-long-one-indeed'])('a-very-long-one-indeed'));
});

test('values of up to three characters stay readable, of four they do not', () => {
  const redact = redactor(['', 'a', 'no', 'yes', 'four']);
  assert.equal(redact('a yes or no to four questions'), `a yes or no to ${MASK} questions`);
});

test('characters that regular expressions or replacements know stand for themselves', () => {
  for (const secret of ['.*.*', '$&$&', '$1$1', '^(a+)+$', '[a-z]', 'a\\b\\c', '$`$`', "$'$'"])
    assert.equal(redactor([secret])(`<${secret}> and $& text`), `<${MASK}> and $& text`, secret);
});

test('the password of an address is masked, whatever characters it has', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['https://me:pw@host/x', `https://me:${MASK}@host/x`],
    ['https://me:p@ss@host/x', `https://me:${MASK}@host/x`],
    ['redis://:pw@host:6379', `redis://:${MASK}@host:6379`],
    ['a://u:p:q@h b://v:w@h', `a://u:${MASK}@h b://v:${MASK}@h`],
    ['https://a:b@h/x,https://c:d@h/y', `https://a:${MASK}@h/x,https://c:${MASK}@h/y`],
    ['https://host:9092/path', 'https://host:9092/path'],
    ['mail me@example.com, see https://host/', 'mail me@example.com, see https://host/'],
  ];
  for (const [text, clean] of cases) assert.equal(maskUserInfo(text), clean);
});

test('a text of a megabyte is masked in time, even one made of beginnings of addresses', () => {
  const started = performance.now();
  const redact = redactor(['needle-in-hay', 'aaaa-b']);
  assert.equal(redact('://a:'.repeat(200_000)).includes(MASK), false);
  assert.equal(redact(`${'a'.repeat(1_000_000)}needle-in-hay`).endsWith(`a${MASK}`), true);
  redact('eyJ'.repeat(300_000));
  assert.ok(performance.now() - started < 10_000);
});

const secretText = fc.oneof(
  fc.string({ minLength: 4, maxLength: 24 }),
  fc.string({ unit: 'grapheme', minLength: 4, maxLength: 12 }),
  fc.stringMatching(/^[a-c]{4,8}$/),
);
/** The mask itself must not be, hold or complete a secret. */
const usable = (secret: string): boolean => !secret.includes('*');

test('whatever surrounds a secret, and whatever other secrets there are, it does not survive', () => {
  fc.assert(
    fc.property(
      fc.array(secretText.filter(usable), { minLength: 1, maxLength: 6 }),
      fc.array(fc.oneof(fc.string(), fc.stringMatching(/^[a-c]{0,9}$/)), { minLength: 7, maxLength: 7 }),
      (secrets, between) => {
        const text = secrets.map((secret, index) => `${between[index] ?? ''}${secret}`).join('');
        const clean = redactor(secrets)(text);
        for (const secret of secrets) assert.ok(!clean.includes(secret), JSON.stringify({ secret, clean }));
      },
    ),
    { numRuns: 500 },
  );
});

test('a text without a secret is not changed', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z ,.]{0,80}$/),
      fc.stringMatching(/^[A-Z0-9]{8,20}$/),
      (text, secret) => {
        assert.equal(redactor([secret])(text), text);
      },
    ),
  );
});
