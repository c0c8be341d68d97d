import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScanner } from '../../../src/formats/json/scanner.js';
import * as layout from '../../../src/formats/json/scanner-layout.js';
import { InputBatchWriter } from '../../../src/wire/input-writer.js';
import { blockOf, changedText, hostileText, jsonText } from './support.js';

const { Kind, ObjectCell, PathCell, RowCell, RowFlag, RowStatus } = layout;
const HEADER = readFileSync(new URL('../../../../native/json/scan.h', import.meta.url), 'utf8');

/** The cells of the only row of a block. */
class Scanned {
  readonly #scanner: JsonScanner;
  readonly #block: Uint8Array;

  constructor(scanner: JsonScanner, value: Uint8Array | string | null) {
    this.#scanner = scanner;
    this.#block = blockOf([value]);
    assert.equal(scanner.scan(this.#block, 0, 1), 1);
  }

  row(cell: keyof typeof RowCell): number {
    return this.#scanner.cells[RowCell[cell]] ?? -1;
  }

  path(path: number, cell: keyof typeof PathCell): number {
    return this.#scanner.cells[this.#scanner.pathCell(path) + PathCell[cell]] ?? -1;
  }

  object(object: number, cell: keyof typeof ObjectCell): number {
    return this.#scanner.cells[this.#scanner.objectCell(object) + ObjectCell[cell]] ?? -1;
  }

  number(path: number): number | undefined {
    return this.#scanner.numbers[this.#scanner.numberOf(path)];
  }

  text(start: number, end: number): string {
    return Buffer.from(this.#block).toString('utf8', start, end);
  }

  value(path: number): string {
    return this.text(this.path(path, 'start'), this.path(path, 'end'));
  }
}

function scanned(paths: readonly (readonly string[])[], value: Uint8Array | string | null): Scanned {
  return new Scanned(new JsonScanner(paths), value);
}

test('the numbers of the layout are those of the C header', () => {
  const constants = {
    KD_JSON_ROWS_MAX: layout.ROWS_MAX,
    KD_JSON_PATHS_MAX: layout.PATHS_MAX,
    KD_JSON_ITEMS_MAX: layout.ITEMS_MAX,
  };
  for (const [name, value] of Object.entries(constants)) assert.match(HEADER, RegExp(`${name} ${value}u`));
  const flags = [...(/KD_JSON_BOM = [^}]+/.exec(HEADER)?.[0] ?? '').matchAll(/ = (\d+)/g)];
  assert.deepEqual(
    flags.map(([, flag]) => Number(flag)),
    Object.values(RowFlag),
  );
  const structs = [...HEADER.matchAll(/(?<!u)int32_t ([a-z_, ]+);\n\} kd_json/g)].map(([, names = '']) =>
    names.split(', ').map((name) => name.replace('key_start', 'keyStart')),
  );
  assert.deepEqual(
    structs,
    [RowCell, PathCell, ObjectCell, layout.ItemCell].map((cells) => Object.keys(cells)),
  );
  assert.deepEqual(
    structs.map((names) => names.length),
    [layout.ROW_CELLS, layout.PATH_CELLS, layout.OBJECT_CELLS, layout.ITEM_CELLS],
  );
  const kinds = [...(/typedef enum \{([^}]+)\}/.exec(HEADER)?.[1] ?? '').matchAll(/KD_JSON_(\w+)/g)];
  assert.deepEqual(
    kinds.map(([, name]) =>
      name?.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    ),
    Object.keys(Kind),
  );
});

test('spans are those of the members, whatever surrounds them', () => {
  const value =
    '\ufeff { "x" : [{"amount":1}], "amount" :\t-1.50 , "user":{"name":"Jörg","tags":[1, 2] } }\n';
  const paths = [['user', 'name'], ['amount'], ['user'], ['user', 'tags'], ['none']];
  const row = scanned(paths, value);
  assert.equal(row.row('status'), RowStatus.safe);
  assert.equal(row.row('flags'), RowFlag.byteOrderMark);
  assert.equal(row.row('keys'), 6);
  assert.equal(row.text(row.row('start'), row.row('end')), value.slice(1).trim());
  assert.equal(row.value(0), '"Jörg"');
  assert.equal(row.path(0, 'kind'), Kind.stringUtf8);
  assert.equal(row.value(1), '-1.50');
  assert.equal(row.number(1), -1.5);
  assert.equal(row.text(row.path(1, 'keyStart'), row.path(1, 'start')), '"amount" :\t');
  assert.equal(row.value(2), '{"name":"Jörg","tags":[1, 2] }');
  assert.equal(row.value(3), '[1, 2]');
  assert.equal(row.path(4, 'kind'), Kind.absent);
  const scanner = new JsonScanner(paths);
  assert.deepEqual(scanner.objects, [[], ['user']]);
  assert.equal(row.object(0, 'members'), 3);
  assert.equal(row.object(1, 'start'), row.path(2, 'start'));
  assert.equal(row.object(1, 'close'), row.path(2, 'end') - 1);
});

test('a key with escapes is the key that it means', () => {
  const paths = [['amount'], ['ü'], ['😀'], ['\ud800'], ['"\\/\b\f\n\r\t']];
  const row = scanned(
    paths,
    String.raw`{"am\u006funt":1,"\u00FC":2,"\ud83d\uDE00":3,"\ud800":4,"\"\\\/\b\f\n\r\t":5}`,
  );
  assert.equal(row.row('status'), RowStatus.closer);
  assert.deepEqual(
    paths.map((_, path) => row.number(path)),
    [1, 2, 3, 4, 5],
  );
  assert.equal(scanned([['😀'], ['�']], '{"😀":1,"\\udc00":2}').path(1, 'kind'), Kind.absent);
  const twice = scanned([['a', 'b']], '{"a":{"b":1},"\\u0061":{"b":2}}');
  assert.equal(twice.path(0, 'kind'), Kind.duplicate);
  assert.equal(scanned([['a', 'b']], '{"a":[1]}').path(0, 'kind'), Kind.blocked);
});

test('the nesting limit is that of the decoder', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
  assert.equal(scanned([], nested(1_000)).row('status'), RowStatus.safe);
  assert.equal(scanned([], nested(1_002)).row('status'), RowStatus.invalid);
  assert.equal(scanned([], '['.repeat(1_000) + ']'.repeat(1_000)).row('status'), RowStatus.safe);
  assert.equal(scanned([], '['.repeat(1_001) + ']'.repeat(1_001)).row('status'), RowStatus.invalid);
});

test('only the keys of the paths, in their order, are in order', () => {
  const paths = [['a'], ['b', 'c'], ['b', 'd']];
  const isInOrder = (value: string) => (scanned(paths, value).row('flags') & RowFlag.inOrder) !== 0;
  assert.ok(isInOrder('{"a":{"z":1},"b":{"c":[{"y":2}],"d":3}}'));
  assert.ok(!isInOrder('{"b":{"c":1,"d":3},"a":1}'));
  assert.ok(!isInOrder('{"a":1,"b":{"d":1,"c":3}}'));
  assert.ok(!isInOrder('{"a":1,"b":{"c":1,"d":3},"e":1}'));
  assert.ok(!isInOrder('{"a":1,"b":{"c":1,"e":0,"d":3}}'));
  assert.ok(!isInOrder('{"a":1,"b":{"c":1}}'));
  assert.ok(!isInOrder('{"a":1,"b":null}'));
});

test('many rows are scanned in one call, null values among them', () => {
  const values = Array.from({ length: 150 }, (_, i) => (i % 10 === 3 ? null : `{"n":${i}}`));
  const scanner = new JsonScanner([['n']]);
  const block = blockOf(values);
  assert.equal(scanner.scan(block, 0, 150), layout.ROWS_MAX);
  assert.equal(scanner.scan(block, 100, 110), 10);
  for (let i = 0; i < 10; i++) {
    const status = scanner.cells[i * scanner.stride + RowCell.status];
    assert.equal(status, i === 3 ? RowStatus.invalid : RowStatus.safe);
    if (i !== 3) assert.equal(scanner.numbers[i], 100 + i);
  }
  assert.equal(scanner.scan(block, 149, 1_000), 1);
  assert.throws(() => scanner.scan(block, 150, 160), RangeError);
  assert.throws(() => scanner.scan(Buffer.alloc(64), 0, 1), RangeError);
  assert.throws(() => scanner.scan(Buffer.alloc(0), 0, 1), TypeError);
});

test('a row whose length leads out of the block is not read', () => {
  const block = blockOf(['{}', '{}']);
  const rows = new Int32Array(block.buffer, block.byteOffset + 64);
  for (const length of [2 ** 31 - 1, 100_000, -2]) {
    rows[6] = length;
    const scanner = new JsonScanner([]);
    assert.equal(scanner.scan(block, 0, 2), 2);
    assert.equal(scanner.cells[RowCell.status], RowStatus.invalid);
    assert.equal(scanner.cells[scanner.stride + RowCell.status], RowStatus.safe);
  }
});

test('paths that no scanner can have are refused', () => {
  assert.throws(() => new JsonScanner([[]]), /an empty path/);
  assert.throws(
    () =>
      new JsonScanner([
        ['a', 'b'],
        ['a', 'b'],
      ]),
    /the path a.b twice/,
  );
  assert.throws(() => new JsonScanner(Array.from({ length: 257 }, (_, i) => [String(i)])), /257 paths/);
  assert.throws(() => new JsonScanner([['x'.repeat(2_000)]]), /too long/);
  assert.throws(() => new JsonScanner([Array.from({ length: 3_000 }, () => 'x')]), /too many/);
});

/** Equal to what the strict rules say of the text. */
test('valid is what JSON.parse accepts, and spans are those of the values it gives', () => {
  const scanner = new JsonScanner([['a'], ['b', 'c'], ['b', 'a']]);
  const value = fc.oneof(jsonText, changedText, hostileText);
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), (values) => {
      const block = blockOf(values);
      assert.equal(scanner.scan(block, 0, values.length), values.length);
      for (const [index, bytes] of values.entries()) checkRow(scanner, block, index, bytes);
    }),
    { numRuns: 2_000 },
  );
});

function checkRow(scanner: JsonScanner, block: Uint8Array, index: number, bytes: Uint8Array): void {
  const at = index * scanner.stride;
  const cell = (number: number) => scanner.cells[at + number] ?? -1;
  const parsed = parsedOf(bytes);
  assert.equal(cell(RowCell.status) !== RowStatus.invalid, parsed !== undefined);
  if (parsed === undefined) return;
  const slice = (start: number, end: number) => Buffer.from(block).toString('utf8', start, end);
  assert.deepEqual(JSON.parse(slice(cell(RowCell.start), cell(RowCell.end))), parsed.value);
  for (const [path, keys] of [['a'], ['b', 'c'], ['b', 'a']].entries()) {
    const first = scanner.pathCell(path);
    const kind = cell(first + PathCell.kind);
    const wanted = memberOf(parsed.value, keys);
    if (kind === Kind.duplicate) assert.equal(cell(RowCell.status), RowStatus.closer);
    else if (kind === Kind.absent || kind === Kind.blocked) assert.equal(wanted, undefined);
    else {
      const text = slice(cell(first + PathCell.start), cell(first + PathCell.end));
      assert.deepEqual([JSON.parse(text)], [wanted]);
      if (kind === Kind.number) {
        const number = scanner.numbers[index * 3 + scanner.numberOf(path)];
        assert.ok(Object.is(number, wanted), `${String(number)} is not ${String(wanted)}`);
      }
    }
  }
}

function parsedOf(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { value: JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) };
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, keys: readonly string[]): unknown {
  let member: unknown = value;
  for (const key of keys) {
    if (typeof member !== 'object' || member === null || Array.isArray(member) || !Object.hasOwn(member, key))
      return undefined;
    member = Reflect.get(member, key);
  }
  return member;
}

test('a scanner works on blocks that are not shared', () => {
  const block = new Uint8Array(1_024);
  const writer = new InputBatchWriter(block);
  assert.ok(writer.add(0, 1, { offset: 0, timestamp: 0, key: Buffer.from('k'), value: Buffer.from('[]') }));
  writer.close();
  const scanner = new JsonScanner([]);
  assert.equal(scanner.scan(block, 0, 1), 1);
  assert.equal(scanner.cells[RowCell.kind], Kind.array);
});
