/** The forms in which a secret may be quoted: nothing of it may be left in a text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MASK, maskUserInfo, redactor } from '../../src/secrets/redact.js';

const SECRET = 'p&ss w"rd/ü+1?';
const clean = redactor([SECRET, 'Xy7', 'two\n-----BEGIN KEY-----\n  MIIEvQIBADANBgkqhkiG  \nshort\n']);

const FORMS: readonly (readonly [title: string, form: string])[] = [
  ['as it is', SECRET],
  ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['in an address', encodeURIComponent(SECRET)],
  [
    'in an address, with small letters',
    encodeURIComponent(SECRET).replaceAll(/%../g, (one) => one.toLowerCase()),
  ],
  ['in a posted form', new URLSearchParams([['', SECRET]]).toString().slice(1)],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in base64 of addresses', Buffer.from(SECRET).toString('base64url')],
];

for (const [title, form] of FORMS)
  test(`a secret is removed ${title}, wherever it is in the text`, () => {
    for (const text of [form, `a ${form}`, `${form} b`, `a=${form};${form}`])
      assert.equal(clean(text).includes(form.replaceAll('=', '')), false, clean(text));
    assert.match(clean(`before ${form} after`), /^before \*+=* after$/);
  });

test('a secret within base64 of a longer text is removed, whatever is before and after it', () => {
  const secret = fc.stringMatching(/^[a-z0-9]{9,20}$/);
  const around = fc.stringMatching(/^[A-Z]{0,5}$/);
  fc.assert(
    fc.property(secret, around, around, (one, before, after) => {
      const text = redactor([one])(`Authorization: ${Buffer.from(before + one + after).toString('base64')}`);
      const rest = Buffer.from(text.split(' ').at(-1)?.replaceAll('*', '') ?? '', 'base64').toString(
        'latin1',
      );
      assert.ok(text.includes(MASK), text);
      assert.ok(!rest.includes(one.slice(2, -2)), `${text} has ${rest}`);
    }),
  );
});

test('each long line of a secret of several lines is removed, but not what any key begins with', () => {
  assert.equal(clean('x MIIEvQIBADANBgkqhkiG y'), `x ${MASK} y`);
  assert.equal(clean('-----BEGIN KEY-----'), '-----BEGIN KEY-----');
  assert.equal(clean('a short word'), 'a short word');
});

test('words of three characters are left alone: they are in ordinary text', () => {
  assert.equal(clean('Xy7 and more'), 'Xy7 and more');
  assert.equal(redactor(['Xy7z'])('Xy7z and more'), `${MASK} and more`);
});

test('where secrets overlap nothing of either is left', () => {
  const both = redactor(['abcdef', 'defghi', 'abcd']);
  assert.equal(both('.abcdefghi.'), `.${MASK}.`);
  assert.equal(both('.abcdef.defghi.abcd.'), `.${MASK}.${MASK}.${MASK}.`);
  assert.equal(redactor(['aaaa'])('.aaaaaaa.'), `.${MASK}.`, 'and where one overlaps itself');
  assert.equal(redactor(['abab'])('ababab ab'), `${MASK} ab`);
});

const SHAPES: readonly (readonly [title: string, text: string, said: string])[] = [
  ['a token of a login', 'Bearer abcDEF0123456789.x', `Bearer ${MASK}`],
  ['a basic login', 'Basic dXNlcjpwYXNzd29yZDE=', `Basic ${MASK}`],
  ['a signature of AWS', 'X-Amz-Signature=0f1e2d&x=1', `X-Amz-Signature=${MASK}&x=1`],
  ['a session of AWS', "'X-Amz-Security-Token=abc/def'", `'X-Amz-Security-Token=${MASK}'`],
  ['a credential of AWS', 'X-Amz-Credential=AKIA/2026 end', `X-Amz-Credential=${MASK} end`],
];

for (const [title, text, said] of SHAPES)
  test(`${title} is removed, although nobody has named it`, () => {
    assert.equal(redactor([])(text), said);
  });

test('ordinary sentences stay as they are', () => {
  for (const text of [
    'Bearer authentication failed',
    'Basic understanding',
    'see https://host:9092/path',
    'a:b@c',
  ])
    assert.equal(redactor([])(text), text);
});

test('the password of an address is removed, and its user and host are kept', () => {
  assert.equal(maskUserInfo('http://user:pass@host/x'), `http://user:${MASK}@host/x`);
  assert.equal(maskUserInfo('http://user:p:a@s@host/x'), `http://user:${MASK}@host/x`);
  assert.equal(maskUserInfo('http://:pass@host'), `http://:${MASK}@host`);
  assert.equal(maskUserInfo('http://user@host:80/a@b'), 'http://user@host:80/a@b');
});
