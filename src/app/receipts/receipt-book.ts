/** The receipt of a running job: collects what is settled, and writes it ahead of each commit. */
import { randomUUID } from 'node:crypto';
import type { LineContent, RunDigests } from '../../core/receipts/lines.js';
import { PendingGroups, PendingOutcomes } from '../../core/receipts/pending.js';
import { type HashSum, sumAt } from '../../core/receipts/sum.js';
import type { Receipts, SettledOutcomes, SettledRows } from '../../ports/receipts.js';
import type { EndOffset } from '../../ports/source.js';
import { groupsIn, unplacedIn } from '../../wire/acknowledged-notes.js';
import type { ReceiptFile } from './receipt-file.js';

const SUM_BYTES = 16;
/**
 * A line is written ahead of each commit. While a stuck batch holds up commits, later records are still
 * settled, at about 2 bytes each.
 */
const PENDING_RECORDS_MAX = 1_000_000;

/** The sum of the rows' hashes, then a byte of each. */
export type HashMarks = (block: Uint8Array, firstRow: number, rowCount: number) => Uint8Array;

export interface ReceiptBookParts {
  readonly file: ReceiptFile;
  readonly hashMarks: HashMarks;
}

export class ReceiptBook implements Receipts {
  readonly #parts: ReceiptBookParts;
  readonly #instance = randomUUID();
  readonly #inputs = new PendingGroups();
  readonly #outputs = new PendingGroups();
  readonly #outcomes = new PendingOutcomes();
  #unplaced = 0;
  #pendingRecords = 0;
  #boundsText = '';

  constructor(parts: ReceiptBookParts) {
    this.#parts = parts;
  }

  begun(facts: Omit<Extract<LineContent, { kind: 'begun' }>, 'kind' | 'schema'>): void {
    this.#append({ kind: 'begun', schema: 1, ...facts });
  }

  reloaded(digests: RunDigests): void {
    this.#append({ kind: 'reloaded', ...digests });
  }

  bounded(ends: readonly EndOffset[], exact: boolean): void {
    const ranges = ends.map(({ topic, partition, low, end }) => ({ topic, partition, from: low, to: end }));
    const text = JSON.stringify(ranges);
    // Each leg of a run says it again.
    if (text !== this.#boundsText) this.#append({ kind: 'bounds', exact, ranges });
    this.#boundsText = text;
  }

  settled(block: Uint8Array, rows: readonly SettledRows[], outcomes: SettledOutcomes): void {
    for (const { topic, partition, firstRow, rowCount, from, to, outputs, hash } of rows) {
      const { sum, marks } = hash ?? this.#hashed(block, firstRow, rowCount);
      const pieces = [{ from, to, records: rowCount, outputs, marks }];
      this.#inputs.add({ topic, partition, records: rowCount, sum, pieces });
      this.#pendingRecords += rowCount;
    }
    this.#outcomes.add(outcomes.transformed, outcomes.filtered, outcomes.deadLettered);
    if (this.#pendingRecords > PENDING_RECORDS_MAX) this.write();
  }

  acknowledged(notes: Uint8Array, topicName: (number: number) => string): void {
    this.#unplaced += unplacedIn(notes);
    for (const { topic, partition, records, sum, runs } of groupsIn(notes)) {
      const pieces = runs.map((run) => ({ ...run, records: run.to - run.from, outputs: 0 }));
      this.#outputs.add({ topic: topicName(topic), partition, records, sum, pieces });
      this.#pendingRecords += records;
    }
  }

  write(): void {
    if (this.#inputs.isEmpty && this.#outputs.isEmpty && this.#unplaced === 0) return;
    this.#append({
      kind: 'settled',
      outcomes: this.#outcomes.counted(),
      inputs: this.#inputs.inputs(base64),
      outputs: this.#outputs.outputs(base64),
      unplaced: this.#unplaced,
    });
    this.#inputs.clear();
    this.#outputs.clear();
    this.#outcomes.clear();
    this.#unplaced = 0;
    this.#pendingRecords = 0;
  }

  /** The last line; the file is on the disk when it resolves. */
  async ended(facts: Omit<Extract<LineContent, { kind: 'ended' }>, 'kind'>): Promise<void> {
    this.write();
    this.#append({ kind: 'ended', ...facts });
    await this.#parts.file.close();
  }

  /** The end was not reached, so the receipt does not mention it. */
  close(): Promise<void> {
    return this.#parts.file.close();
  }

  #hashed(block: Uint8Array, firstRow: number, rowCount: number): { sum: HashSum; marks: Uint8Array } {
    const hashed = this.#parts.hashMarks(block, firstRow, rowCount);
    return { sum: sumAt(hashed, 0), marks: hashed.subarray(SUM_BYTES) };
  }

  #append(content: LineContent): void {
    const time = new Date().toISOString();
    this.#parts.file.append(JSON.stringify({ ...content, time, instance: this.#instance }));
  }
}

function base64(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString('base64');
}
