import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createDecoder, FormatError } from '../../src/formats/index.js';
import { decode } from './support/avro.js';

const decoder = createDecoder({ format: 'json', long: 'number' });
const read = (text: string): unknown => decode(decoder, Buffer.from(text), Buffer.from('9'));
/** Far more than a text of this size needs, and far less than work that grows with its square. */
const DEADLINE_MS = 2_000;
const LONG = 120_000;

/** The code of the refusal, or `read`. A text that keeps the thread busy fails by the deadline. */
function outcome(text: string): string {
  const attempt = (): string => {
    try {
      read(text);
      return 'read';
    } catch (error) {
      return error instanceof FormatError ? error.code : String(error);
    }
  };
  return String(runInNewContext('attempt()', { attempt }, { timeout: DEADLINE_MS }));
}

test('a long number costs no more than its length, whatever its digits are', () => {
  const zeros = '0'.repeat(LONG);
  assert.equal(outcome(`1.${zeros}1`), 'INEXACT_NUMBER');
  assert.equal(outcome(`{"a":[-1.${zeros}1e5]}`), 'INEXACT_NUMBER');
  assert.equal(outcome(`0.${zeros}1`), 'INEXACT_NUMBER');
  assert.equal(outcome(`1${zeros}`), 'UNSAFE_INTEGER');
  assert.equal(outcome(`1${zeros}.5`), 'NUMBER_RANGE');
  assert.equal(outcome(`1.5${zeros}`), 'read');
  assert.equal(outcome(`0.${zeros}`), 'read');
});

test('many keys, many quotes and much white space cost no more than their length', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `"k${String(i)}" :${String(i)}`).join(',');
  assert.equal(outcome(`{${keys}}`), 'read');
  assert.equal(outcome(`{${keys},"k5":0}`), 'DUPLICATE_KEY');
  const blanks = ' \t\r\n'.repeat(LONG / 4);
  assert.equal(outcome(`{"a"${blanks}:"b:c"${blanks}}`), 'read');
  assert.equal(outcome(`{"a"${blanks}:1,"a"${blanks}:"b:c"}`), 'DUPLICATE_KEY');
  assert.equal(outcome(`["${'\\":'.repeat(LONG)}"]`), 'read');
  assert.equal(outcome(`["${'1e400,'.repeat(LONG)}",0]`), 'read');
});

test('NUL, lone surrogates and a byte order mark within a text are data', () => {
  assert.deepEqual(read('{"\\u0000":"a\\u0000b"}'), { '\0': 'a\0b' });
  assert.deepEqual(read('"\\ud800x"'), '\ud800x');
  assert.deepEqual(read('["\ufeff"]'), ['\ufeff']);
  assert.equal(read('\ufeff7'), 7);
  assert.equal(outcome('\ufeff\ufeff7'), 'INVALID_JSON');
  assert.equal(outcome('"a\0b"'), 'INVALID_JSON');
  assert.equal(outcome('7\0'), 'INVALID_JSON');
});

test('own keys named as members of Object.prototype are data', () => {
  const text = '{"constructor":{"prototype":{"x":1}},"toString":2,"hasOwnProperty":[3],"length":4,"then":5}';
  assert.equal(JSON.stringify(read(text)), text);
  assert.equal(outcome('{"toString":1,"toString":1}'), 'DUPLICATE_KEY');
  assert.equal(Reflect.get({}, 'x'), undefined);
});

/** The number that a literal says, as an integer and a power of ten, trailing zeros removed. */
function exactly(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  let digits = BigInt(`${whole.replace('-', '')}${fraction}`);
  let power = Number(exponent) - fraction.length;
  if (digits === 0n) return '0';
  for (; digits % 10n === 0n; digits /= 10n) power += 1;
  return `${mantissa.startsWith('-') ? '-' : ''}${String(digits)}e${String(power)}`;
}

const digits = (maxLength: number) => fc.stringMatching(new RegExp(`^\\d{1,${String(maxLength)}}$`));
const literal = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,22}$/)),
    fraction: fc.option(fc.oneof(digits(25), fc.constant('5'), fc.constant('0')), { nil: undefined }),
    exponent: fc.option(fc.integer({ min: -400, max: 400 }), { nil: undefined }),
    letter: fc.constantFrom('e', 'E', 'e+0', 'E-00'),
  })
  .map(({ sign, whole, fraction, exponent, letter }) => {
    const tail =
      exponent === undefined ? '' : `${letter}${String(letter.length > 1 ? Math.abs(exponent) : exponent)}`;
    return `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${tail}`;
  });

test('a number is read exactly when JavaScript prints the number that was written', () => {
  fc.assert(
    fc.property(
      literal,
      fc.constantFrom('', ' ', '[', '{"k":', '["1",\n', '{"e":"1e500","k":'),
      (number, before) => {
        const after = before.startsWith('[') ? ']' : before.startsWith('{') ? '}' : '';
        const value = Number(number);
        const isInteger = /^-?\d+$/.test(number);
        const kept = Number.isFinite(value) && exactly(String(value)) === exactly(number);
        const wanted = kept && (!isInteger || Number.isSafeInteger(value));
        assert.equal(outcome(`${before}${number}${after}`) === 'read', wanted, number);
      },
    ),
    { numRuns: 300 },
  );
});
