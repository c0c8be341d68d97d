/** Declared fields of JSON records: values against JSON.parse, and the bytes of everything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../../src/formats/format.js';
import { parseExactly } from '../../../src/formats/json-decode.js';
import { decodeRow, jsonFields, rowsOf } from './json-rows.js';
import { isFields, merge, pick, splice } from './support.js';

const RUNS = 400;
const name = fc.constantFrom('a', 'b', 'user', 'ключ', 'with "quotes"', 'new\nline', 'z');
const blanks = fc.constantFrom('', ' ', '\n', '\t ', '  \r\n');

/** A number, or anything else, in any way to write it. */
const scalarText = fc.oneof(
  fc.constantFrom('1', '-0', '1.50', '1e3', '12345678901234567890', '0.1234567890123456789', 'null', 'true'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u0061\\/b"', '"é\u{1f600}"', '""', '[1, [2 ,{"a" : []}]]', '{ "x" : 1 }', '[]', '{}'),
);

interface Member {
  readonly name: string;
  /** Blanks, key, blanks, colon, blanks. */
  readonly before: string;
  readonly text: string;
  readonly after: string;
}

function keyText(key: string, escaped: boolean): string {
  if (!escaped || key === '') return JSON.stringify(key);
  return `"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(key.slice(1)).slice(1)}`;
}

const member = fc
  .record({ name, escaped: fc.boolean(), text: scalarText, blanks: fc.tuple(blanks, blanks, blanks, blanks) })
  .map(({ name: key, escaped, text, blanks: [one, two, three, four] }) => ({
    name: key,
    before: `${one}${keyText(key, escaped)}${two}:${three}`,
    text,
    after: four,
  }));

const members = fc.uniqueArray(member, { selector: (one) => one.name, maxLength: 6 });

function textOf(list: readonly Member[], changed: ReadonlyMap<string, string> = new Map()): string {
  const present = list.map((one) => `${one.before}${changed.get(one.name) ?? one.text}${one.after}`);
  const added = [...changed].filter(([key]) => !list.some((one) => one.name === key));
  return `{${[...present, ...added.map(([key, text]) => `${JSON.stringify(key)}:${text}`)].join(',')}}`;
}

const value = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom(null, true, false, [1, 'two'], { deep: { er: [] } }),
);

test('a written field is replaced or added, and every other byte stays as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(members, fc.dictionary(name, value, { minKeys: 1, noNullPrototype: true })), {
        minLength: 1,
        maxLength: 5,
      }),
      async (samples) => {
        for (const [list, result] of samples) {
          const writes = Object.keys(result);
          const codecs = await jsonFields([], writes);
          const [row] = rowsOf([textOf(list)]);
          assert.ok(row !== undefined);
          decodeRow(codecs, row);
          const texts = new Map(writes.map((key) => [key, JSON.stringify(result[key])]));
          assert.equal(splice(codecs.encoder, result, row).toString(), textOf(list, texts));
        }
      },
    ),
    { numRuns: RUNS },
  );
});

const document = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(fc.integer(), fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom(null, true, 0.5)),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'user', 'z'), tie('node'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).node;

const PATHS = ['a', 'b', 'user.a', 'user.b.a', 'z'] as const;

test('what is read is what decoding the whole record gives, for rows of any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 1, maxLength: 150 }),
      fc.subarray([...PATHS], { minLength: 1 }),
      fc.infiniteStream(fc.nat()),
      async (documents, reads, picks) => {
        const codecs = await jsonFields(reads, []);
        const rows = rowsOf(documents.map((one) => JSON.stringify(one)));
        for (const at of picks.take(rows.length)) {
          const row = rows[at % rows.length];
          assert.ok(row !== undefined);
          const expected = pick(
            documents[at % rows.length],
            reads.map((path) => path.split('.')),
          );
          assert.deepEqual(decodeRow(codecs, row), expected);
        }
      },
    ),
    { numRuns: RUNS / 4 },
  );
});

test('fields that appear, change and disappear give what changing the decoded record gives', async () => {
  const results = fc.record({
    a: fc.option(value, { nil: undefined }),
    user: fc.record({ a: fc.option(value, { nil: undefined }), b: fc.record({ a: value }) }),
  });
  const object = fc.dictionary(fc.constantFrom('a', 'user', 'z'), document, { noNullPrototype: true });
  const codecs = await jsonFields([], ['a', 'user.a', 'user.b.a']);
  fc.assert(
    fc.property(object, results, (given, result) => {
      const [row] = rowsOf([JSON.stringify(given, undefined, 1)]);
      assert.ok(row !== undefined);
      decodeRow(codecs, row);
      const { user } = given;
      const fits = (one: unknown): boolean => one === undefined || isFields(one);
      if (!fits(user) || (isFields(user) && !fits(user['b']))) {
        assert.throws(() => splice(codecs.encoder, result, row), FormatError);
        return;
      }
      const paths = [['a'], ['user', 'a'], ['user', 'b', 'a']];
      const expected: unknown = JSON.parse(JSON.stringify(merge(given, result, paths)));
      assert.deepEqual(JSON.parse(splice(codecs.encoder, result, row).toString()), expected);
    }),
    { numRuns: RUNS },
  );
});

/** What the strict decoder says, but for numbers: those that are only copied may have any digits. */
function verdictOf(bytes: Uint8Array): string {
  try {
    parseExactly(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return 'accepted';
  } catch (error) {
    const code = error instanceof FormatError ? error.code : 'INVALID_UTF8';
    return ['UNSAFE_INTEGER', 'INEXACT_NUMBER', 'NUMBER_RANGE'].includes(code) ? 'accepted' : code;
  }
}

test('damaged bytes are refused wherever they are, and only damaged ones', async () => {
  const codecs = await jsonFields(['a'], ['b']);
  const damage = fc.record({
    at: fc.nat(),
    byte: fc.constantFrom(0, 34, 44, 58, 92, 125, 91, 0x80, 0xff, 48, 46),
  });
  fc.assert(
    fc.property(members, damage, fc.boolean(), (list, { at, byte }, cut) => {
      const bytes = Buffer.from(textOf(list));
      const place = at % bytes.length;
      const hostile = cut ? bytes.subarray(0, place) : Buffer.from(bytes);
      if (!cut) hostile[place] = byte;
      const [row] = rowsOf([hostile]);
      assert.ok(row !== undefined);
      const expected = verdictOf(hostile);
      try {
        decodeRow(codecs, row);
        assert.equal('accepted', expected, hostile.toString('latin1'));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        const own = /^(UNSAFE_INTEGER|INEXACT_NUMBER|NUMBER_RANGE)$/.test(error.code);
        // The field that is read has such a number itself.
        if (!own) assert.equal(error.code, expected, hostile.toString('latin1'));
      }
    }),
    { numRuns: RUNS * 3 },
  );
});
