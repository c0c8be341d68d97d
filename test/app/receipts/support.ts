/** Receipts in files, and the records that they list. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { hashMarks } from '../../../src/app/compose/receipts.js';
import type { ListedPart, ListedPartition } from '../../../src/app/receipts/verify/listed.js';
import type { InputBatch, Segment } from '../../../src/core/batch.js';
import type { OffsetRange } from '../../../src/core/offset-ranges.js';
import { CHAIN_START, seal } from '../../../src/core/receipts/chain.js';
import type { LineContent } from '../../../src/core/receipts/lines.js';
import { sumAt } from '../../../src/core/receipts/sum.js';
import { InputBatchWriter } from '../../../src/wire/input-writer.js';

export const folder = mkdtempSync(join(tmpdir(), 'kd-receipts-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The lines of a receipt, sealed as a run seals them. */
export function sealed(...contents: readonly string[]): readonly string[] {
  let previous = CHAIN_START;
  return contents.map((fields) => {
    const line = seal(fields, previous, digest);
    previous = line.sha256;
    return line.text;
  });
}

/** The text of a line, of the process `instance`. */
export function line(content: LineContent, instance = 'i'): string {
  return JSON.stringify({ time: '2026-11-28T10:00:00.000Z', instance, ...content });
}

export function receipt(name: string, ...contents: readonly string[]): string {
  return file(
    name,
    sealed(...contents)
      .map((text) => `${text}\n`)
      .join(''),
  );
}

export function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export interface Row {
  readonly offset: number;
  readonly value: string;
}

export const rowsFrom = (from: number, ...values: readonly string[]): readonly Row[] =>
  values.map((value, index) => ({ offset: from + index, value }));

/** A batch with one segment of these records. */
export function batchOf(rows: readonly Row[]): { readonly batch: InputBatch; readonly segment: Segment } {
  const bytes = new Uint8Array(new SharedArrayBuffer(1 << 16));
  const writer = new InputBatchWriter(bytes);
  for (const { offset, value } of rows)
    writer.add(0, 1, { offset, timestamp: 5, key: null, value: Buffer.from(value) });
  writer.close();
  const segment = {
    partitionId: 0,
    epoch: 1,
    firstRow: 0,
    rowCount: rows.length,
    firstOffset: rows[0]?.offset ?? 0,
    lastOffset: rows.at(-1)?.offset ?? 0,
  };
  const batch = {
    block: { id: 1, bytes },
    rowCount: rows.length,
    packedBytes: 0,
    firstTimestampMs: 5,
    lastTimestampMs: 5,
    segments: [segment],
    faults: [],
  };
  return { batch, segment };
}

/** What a run lists of these records, in ranges without holes. */
export function partOf(rows: readonly Row[], more: Partial<ListedPart> = {}): ListedPart {
  const ranges: [number, number][] = [];
  for (const { offset } of rows) {
    const last = ranges.at(-1);
    if (last?.[1] === offset) last[1] = offset + 1;
    else ranges.push([offset, offset + 1]);
  }
  const sum = rows.length === 0 ? 0n : sumAt(hashMarks(batchOf(rows).batch.block.bytes, 0, rows.length), 0);
  return {
    file: 'r.jsonl',
    line: 2,
    position: 0,
    side: 'output',
    topic: 'out',
    partition: 0,
    records: rows.length,
    sum,
    ranges,
    recordsIn: ranges.map(([from, to]: OffsetRange) => to - from),
    ...more,
  };
}

export function listedOf(parts: readonly ListedPart[], more: Partial<ListedPartition> = {}): ListedPartition {
  return {
    topic: 'out',
    partition: 0,
    parts: [...parts],
    pieces: [],
    from: undefined,
    to: undefined,
    ...more,
  };
}
