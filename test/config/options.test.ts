import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, MINIMAL, problemOf } from './support.js';

const options = (yaml: string): string => `${MINIMAL}dispatcher: { options: { ${yaml} } }\n`;

/** The ways a number reaches the options, each with the key its problem is about. */
const WAYS = [
  ['dispatcher.options.a[0]', (number: string) => load(options(`a: [${number}]`))],
  [
    'dispatcher.options.a.b',
    (number: string) => load(options('a: { b: "${N}" }').replaceAll('"', ''), { environment: { N: number } }),
  ],
  ['dispatcher.options.a', (number: string) => load(MINIMAL, { set: [`dispatcher.options.a=${number}`] })],
  [
    'dispatcher.options',
    (number: string) => load(MINIMAL, { environment: { KD_DISPATCHER_OPTIONS: `{ a: [${number}] }` } }),
  ],
] as const;

test('a number in the options that JavaScript would change is refused, wherever it is written', () => {
  const digits = /has more digits than a number can hold/;
  const zeros = /is written with leading zeros/;
  for (const [number, message] of [
    ['12345678901234567890', digits],
    ['9007199254740993', digits],
    ['-0.1234567890123456789', digits],
    ['1e999', digits],
    ['1e-400', digits],
    ['007', zeros],
    ['-01.5', zeros],
  ] as const)
    for (const [key, loadWith] of WAYS) {
      const loaded = loadWith(number);
      assert.match(problemOf(loaded, key).message, message, `${key} ${number}`);
      assert.match(problemOf(loaded, key).remedy ?? '', /in quotes/);
      assert.equal(loaded.config, undefined);
    }
});

test('a number that keeps its value is accepted, and text in quotes stays text', () => {
  for (const number of [
    '1.10',
    '9007199254740991',
    '-9007199254740991',
    '1e3',
    '100e-2',
    '0',
    '-0.0',
    '0.5',
    '.5',
  ])
    for (const [key, loadWith] of WAYS) assert.deepEqual(loadWith(number).problems, [], `${key} ${number}`);
  const { config } = load(options('a: 0x1F, b: "007", c: 2026-11-28, d: .inf, e: "12345678901234567890"'));
  const expected = { a: 31, b: '007', c: '2026-11-28', d: Infinity, e: '12345678901234567890' };
  assert.deepEqual(config?.dispatcher.options, expected);
});

test('a number from a secret is refused without showing it', () => {
  const loaded = load(options('pin: ${DB_PASSWORD}'), { environment: { DB_PASSWORD: '0071234' } });
  assert.match(problemOf(loaded, 'dispatcher.options.pin').message, /leading zeros/);
  assert.doesNotMatch(JSON.stringify(loaded.problems), /71234/);
});
