import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { LookLimits, sampledContexts } from '../../src/wire/sampled-contexts.js';

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
const parent = (n: number, flags = '01'): string => `00-${hex(n, 32)}-${hex(n, 16)}-${flags}`;

type Headers = readonly (readonly [string, Buffer | null])[];

function batchOf(rows: readonly (Headers | null)[], blockBytes = 1 << 22): Uint8Array {
  const block = new Uint8Array(new SharedArrayBuffer(blockBytes));
  const writer = new InputBatchWriter(block);
  rows.forEach((headers, offset) => {
    const key = Buffer.from('k');
    assert.ok(writer.add(0, 1, { offset, timestamp: 1, key, value: Buffer.from('v'), headers }));
  });
  writer.close();
  return block;
}

const withParent = (text: string): Headers => [['traceparent', Buffer.from(text)]];

test('contexts of sampled records are found, each once, with their state; others are passed over', () => {
  const found = sampledContexts(
    batchOf([
      null,
      [],
      [
        ['other', Buffer.from('x')],
        ['traceparent', Buffer.from(parent(1))],
        ['tracestate', Buffer.from('a=b')],
      ],
      withParent(parent(1)),
      withParent(parent(2, '00')),
      [['traceparent', null]],
      [...withParent(parent(3)), ...withParent(parent(4))],
      withParent(parent(5, 'ff')),
    ]),
  );
  assert.deepEqual(
    found.map(({ row, spanId, traceState }) => [row, Number.parseInt(spanId, 16), traceState]),
    [
      [2, 1, 'a=b'],
      [6, 4, undefined],
      [7, 5, undefined],
    ],
  );
});

test('what is no traceparent is none', () => {
  const wrong = [
    '',
    parent(1).toUpperCase().replace('0'.repeat(31), 'A'.repeat(31)),
    parent(0),
    `00-${hex(1, 32)}-${hex(0, 16)}-01`,
    parent(1).replace(/^00/, 'ff'),
    `${parent(1)}-more`,
    `${parent(1)}x`,
    parent(1).slice(0, -1),
    parent(1).replaceAll('-', '_'),
  ];
  assert.deepEqual(sampledContexts(batchOf(wrong.map(withParent))), []);
  assert.equal(sampledContexts(batchOf([withParent(`${parent(1).replace(/^00/, '01')}-more`)])).length, 1);
});

test('the look is bounded: some rows, some headers, some contexts, no long state', () => {
  const many = sampledContexts(batchOf(Array.from({ length: 5000 }, (_, n) => withParent(parent(n + 1)))));
  assert.equal(many.length, LookLimits.contextsMax);
  const last = Array.from({ length: 5000 }, (_, n) => (n < 4900 ? null : withParent(parent(n))));
  assert.equal(sampledContexts(batchOf(last)).length, 1, 'rows are spread over the batch');
  const filler: Headers = Array.from({ length: LookLimits.headersMax }, () => ['x', null] as const);
  assert.deepEqual(sampledContexts(batchOf([[...filler, ...withParent(parent(1))]])), []);
  const state = Buffer.alloc(LookLimits.traceStateBytesMax + 1, 'a');
  const [long] = sampledContexts(batchOf([[...withParent(parent(1)), ['tracestate', state]]]));
  assert.equal(long?.traceState, undefined);
});

test('whatever a block holds, nothing is thrown and nothing outside of it is read', () => {
  const rows = Array.from({ length: 20 }, (_, n) => withParent(parent(n + 1)));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { maxLength: 60 }), (changes) => {
      const block = batchOf(rows, 4096);
      for (const [at, byte] of changes) block[at] = byte;
      assert.ok(sampledContexts(block).length <= LookLimits.contextsMax);
    }),
    { numRuns: 2000 },
  );
});
