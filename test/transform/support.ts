import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block, Segment } from '../../src/core/batch.js';
import type { OutputTopic } from '../../src/ports/sink.js';
import type { TransformResult, TransformTask } from '../../src/ports/transform-pool.js';
import { readInputBatch } from '../../src/wire/input-batch.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { InputBatchWriter, type InputRecord } from '../../src/wire/input-writer.js';
import { RowFlag } from '../../src/wire/layout.js';
import { type HeaderEntry, unpackHeaders } from '../../src/wire/packed-headers.js';
import { OutputBatchReader } from '../support/output-reader.js';

export const OUT: OutputTopic = { name: 'out', number: 0, partitionCount: 4 };
export const DEAD: OutputTopic = { name: 'dead', number: 1, partitionCount: 2 };
export const describePartition = (id: number): { topic: string; partition: number } => ({
  topic: 'in',
  partition: id,
});

let nextBlockId = 1;

export function sharedBlock(bytes: number): Block {
  return { id: nextBlockId++, bytes: new Uint8Array(new SharedArrayBuffer(bytes)) };
}

export interface Given {
  readonly key?: Uint8Array | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: InputRecord['headers'];
  readonly partition?: number;
}

/** A batch of records with offsets 100, 101, … and timestamps 1000, 1001, … */
export function inputOf(
  records: readonly (Given | string)[],
  blockBytes = 1024 * 1024,
): { readonly block: Block; readonly segments: readonly Segment[]; readonly rowCount: number } {
  const block = sharedBlock(blockBytes);
  const writer = new InputBatchWriter(block.bytes);
  records.forEach((record, row) => {
    const given: Given = typeof record === 'string' ? { value: record } : record;
    const value = typeof given.value === 'string' ? Buffer.from(given.value) : given.value;
    const added = writer.add(given.partition ?? 3, 1, {
      offset: 100 + row,
      timestamp: 1000 + row,
      key: given.key ?? null,
      value,
      headers: given.headers ?? null,
    });
    if (!added) throw new Error('the test block is too small');
  });
  writer.close();
  const batch = readInputBatch(block);
  return { block, segments: batch.segments, rowCount: batch.rowCount };
}

export function taskFor(
  input: ReturnType<typeof inputOf>,
  outputBytes = 1024 * 1024,
  more: Partial<TransformTask> = {},
): TransformTask {
  return {
    input: input.block,
    output: sharedBlock(outputBytes),
    firstRow: 0,
    rowCount: input.rowCount,
    segments: input.segments,
    ...more,
  };
}

export interface Seen {
  readonly row: number;
  readonly topic: number;
  readonly partition: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly raw: Buffer | null;
  readonly headers: readonly HeaderEntry[];
  readonly flags: number;
}

/**
 * All output rows of a result as a consumer would see them: parts that come from the source are filled in.
 */
export function outputsOf(task: TransformTask, result: TransformResult): Seen[] {
  const parts = [task.output.bytes, ...(result.overflow === undefined ? [] : [result.overflow])];
  return parts.flatMap((part) => rowsOfPart(task.input.bytes, part));
}

function rowsOfPart(input: Uint8Array, part: Uint8Array): Seen[] {
  const output = new OutputBatchReader(part);
  const source = new InputBatchReader();
  source.open(input);
  const { identityTopic, sourceRowCount, rowCount } = output.header;
  const slice = (start: number, length: number): string | null =>
    length < 0 ? null : source.bytes.toString('utf8', start, start + length);
  return Array.from({ length: identityTopic === undefined ? rowCount : sourceRowCount }, (_unused, index) => {
    const row = output.sourceRow(index);
    const all =
      RowFlag.keyOfSource | RowFlag.valueOfSource | RowFlag.headersOfSource | RowFlag.timestampOfSource;
    const flags = identityTopic === undefined ? output.flags(index) : all;
    const own = identityTopic === undefined ? output.record(index) : undefined;
    const headersStart = source.headersStart(row);
    const valueStart = source.valueStart(row);
    const raw =
      flags & RowFlag.valueOfSource
        ? source.valueLength(row) < 0
          ? null
          : Buffer.from(source.bytes.subarray(valueStart, valueStart + source.valueLength(row)))
        : (own?.value ?? null);
    return {
      row,
      topic: output.topic(index),
      partition: own?.partition ?? -1,
      timestamp: flags & RowFlag.timestampOfSource ? source.timestamp(row) : (own?.timestamp ?? -1),
      key:
        flags & RowFlag.keyOfSource
          ? slice(source.keyStart(row), source.keyLength(row))
          : (own?.key?.toString() ?? null),
      value: raw?.toString() ?? null,
      raw,
      headers:
        flags & RowFlag.headersOfSource
          ? unpackHeaders(source.bytes, headersStart, headersStart + Math.max(0, source.headersLength(row)))
          : (own?.headers ?? []),
      flags,
    };
  });
}

/** Outcome of every answered row: 'transformed', the reason or the code. */
export function outcomesOf(task: TransformTask, result: TransformResult): string[] {
  const parts = [task.output.bytes, ...(result.overflow === undefined ? [] : [result.overflow])];
  return parts.flatMap((part) => {
    const { header } = new OutputBatchReader(part);
    const reader = new OutputBatchReader(part);
    return Array.from({ length: header.sourceRowCount }, (_unused, index) => {
      const byte = reader.outcome(header.firstSourceRow + index);
      if (byte === 0) return 'transformed';
      return (
        (byte < 128 ? result.filterReasons[byte - 1] : result.deadLetterCodes[byte - 128]) ??
        `unnamed ${byte}`
      );
    });
  });
}

/** Writes a module into its own temporary folder. */
export function moduleFile(
  text: string,
  name = 'transform.ts',
): { readonly path: string; readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'transform-test-'));
  const path = join(folder, name);
  writeFileSync(path, text);
  return { path, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
