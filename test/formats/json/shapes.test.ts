import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScanner } from '../../../src/formats/json/scanner.js';
import {
  Kind,
  OBJECT_CELLS,
  PathCell,
  ROW_CELLS,
  RowCell,
  RowStatus,
} from '../../../src/formats/json/scanner-layout.js';
import { decodeRow, jsonFields, rowsOf } from '../fields/json-rows.js';
import { splice } from '../fields/support.js';
import { blockOf, jsonText } from './support.js';

const PATHS = [['a'], ['b', 'c'], ['name']];
const ROWS = 48;

/** The same text with other digits: of the same shape, if it is a record. */
function withOtherDigits(bytes: Buffer, seed: number): Buffer {
  let next = seed;
  const text = bytes.toString('latin1').replace(/(?<![a-z\\][^\s,:[]*)[1-9]/g, () => {
    next = (next * 1_103 + 12_345) % 65_536;
    return String(1 + (next % 9));
  });
  return Buffer.from(text, 'latin1');
}

function withOtherByte(bytes: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at % bytes.length] = byte;
  return changed;
}

/** Everything that a caller reads of a row; items of arrays without their numbers. */
function rowOf(scanner: JsonScanner, index: number): unknown {
  const { cells, numbers, stride } = scanner;
  const at = index * stride;
  if (cells[at + RowCell.status] === RowStatus.invalid) return 'invalid';
  const paths = PATHS.map((_path, path) => {
    const cell = at + scanner.pathCell(path);
    const kind = cells[cell + PathCell.kind];
    const number = numbers[index * PATHS.length + scanner.numberOf(path)];
    return [...cells.slice(cell, cell + PathCell.items), kind === Kind.number ? number : undefined];
  });
  const objects = scanner.objects.map((_object, object) => {
    const cell = at + scanner.objectCell(object);
    return [...cells.slice(cell, cell + OBJECT_CELLS)];
  });
  return { row: [...cells.slice(at, at + ROW_CELLS)], paths, objects };
}

/** Scans all rows with one scanner, and each with a scanner that has seen no other. */
function checkRows(texts: readonly Buffer[]): void {
  const block = blockOf(texts);
  const known = new JsonScanner(PATHS);
  assert.equal(known.scan(block, 0, texts.length), texts.length);
  for (const [row, text] of texts.entries()) {
    const fresh = new JsonScanner(PATHS);
    fresh.scan(block, row, row + 1);
    assert.deepEqual(rowOf(known, row), rowOf(fresh, 0), text.toString());
  }
}

test('a record gives the same cells whatever records of its shape, and of others, came before it', () => {
  const shapes = fc.array(jsonText, { minLength: 1, maxLength: 4 });
  const turns = fc.array(fc.nat(3), { minLength: ROWS, maxLength: ROWS });
  fc.assert(
    fc.property(shapes, turns, fc.nat(), (texts, order, seed) => {
      checkRows(
        order.map((turn, row) => withOtherDigits(texts[turn % texts.length] ?? Buffer.alloc(0), seed + row)),
      );
    }),
    { numRuns: 60 },
  );
});

test('a changed record of a known shape gives the cells of a scanner that knows no shape', () => {
  const inner = jsonText.map((bytes) => bytes.toString().replace(/^\ufeff/, ''));
  const record = fc
    .tuple(inner, inner, inner)
    .map(([a, c, other]) => Buffer.from(`{"a":${a},"b":{"x":[${other}],"c":${c}},"name":"ü"}`));
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(record, changes, fc.nat(), (bytes, list, seed) => {
      const rows = list.map(([at, byte], i) => [
        withOtherDigits(bytes, seed + i),
        withOtherByte(bytes, at, byte),
        withOtherByte(bytes, at, '{}[]",:\\ 0e-'.charCodeAt(byte % 12)),
      ]);
      checkRows(rows.flat());
    }),
    { numRuns: 60 },
  );
});

test('records of shapes in turns are spliced each at its own places', async () => {
  const codecs = await jsonFields(['user.name'], ['amount']);
  const shapes = [
    (i: number, amount: string) => `{"id":${i},"amount":${amount},"user":{"name":"n${i}"},"tags":["a",${i}]}`,
    (i: number, amount: string) =>
      `{"amount":${amount},"note":"{\\"amount\\":${i}}","user":{"name":"n${i}"}}`,
    (i: number, amount: string) => `{"id":${i},"amount":${amount},"user":{"name":"n${i}"},"tags":[]} `,
    (i: number, amount: string) => `{ "user" : { "name" : "n${i}" } , "amount" : ${amount} }`,
  ];
  const amounts = ['1', '-2.5', '1e3', 'null', '"x"', '[1,2]', '{"b":1}', '12345678901234567890'];
  const records: { text: string; wanted: string; name: string }[] = [];
  for (let i = 0; i < 500; i++) {
    const shape = shapes[i % shapes.length];
    if (shape === undefined) continue;
    const wanted = shape(i, String(i + 0.5));
    records.push({ text: shape(i, amounts[i % amounts.length] ?? ''), wanted, name: `n${i}` });
  }
  const rows = rowsOf(records.map(({ text }) => text));
  for (const [row, { wanted, name }] of records.entries()) {
    const placed = rows[row];
    assert.ok(placed);
    const value = decodeRow(codecs, placed) as { user?: { name?: unknown } };
    assert.equal(value.user?.name, name);
    const amount = Number(/n(\d+)/.exec(name)?.[1]) + 0.5;
    assert.equal(splice(codecs.encoder, { amount }, placed).toString(), wanted);
  }
});
