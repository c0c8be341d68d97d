import type { Segment } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { RejectedRow, TransformResult } from '../../ports/transform-pool.js';
import { Outcome } from '../../wire/layout.js';
import { type InFlightBatch, outcomeOf, type Part } from '../in-flight-batch.js';

export type NamedCount = readonly [name: string, rows: number];

export interface RejectedCount {
  readonly code: string;
  readonly rows: number;
  /** One of the rejected rows. */
  readonly example: RejectedRow;
}

export interface Totals {
  readonly filtered: readonly NamedCount[];
  readonly deadLettered: readonly RejectedCount[];
  readonly deadLetteredRows: number;
  /** All others. */
  readonly transformedRows: number;
}

/**
 * The outcomes of a batch's rows, from the totals of its results. They are compared with the batch before
 * anything is counted; impossible totals are an error, so that no counter goes wrong unnoticed.
 */
export function totalsOf({ id, input, parts }: Pick<InFlightBatch, 'id' | 'input' | 'parts'>): Totals {
  const filtered: NamedCount[] = [];
  const deadLettered: RejectedCount[] = [];
  for (const { result, carriesTotals, void: isVoid } of parts) {
    if (!carriesTotals || isVoid) continue;
    result.filterReasons.forEach((reason, i) => {
      filtered.push([reason, result.filteredBy[i] ?? 0]);
    });
    result.deadLetterCodes.forEach((code, i) => {
      deadLettered.push({ code, rows: result.deadLetteredBy[i] ?? 0, example: exampleOf(result, i) });
    });
  }
  const filteredRows = sum(filtered.map(([, rows]) => rows));
  const deadLetteredRows = sum(deadLettered.map(({ rows }) => rows));
  const transformedRows = input.rowCount - filteredRows - deadLetteredRows;
  const isCount = (rows: number): boolean => Number.isSafeInteger(rows) && rows >= 0;
  if (
    !filtered.every(([, rows]) => isCount(rows)) ||
    !deadLettered.every(({ rows }) => isCount(rows)) ||
    transformedRows < 0
  ) {
    throw new DispatcherError(
      'ACCOUNTING',
      `the results of batch ${id} do not add up: ${input.rowCount} records, but ${filteredRows} filtered ` +
        `and ${deadLetteredRows} dead-lettered`,
      { remedy: 'this is a bug in Kafka-Dispatcher; please report it' },
    );
  }
  return { filtered, deadLettered, deadLetteredRows, transformedRows };
}

/**
 * The same if some rows do not count (their partition was lost, or the run stops at one): uses the
 * outcome bytes of the others, one by one.
 */
export function totalsOfSome(batch: InFlightBatch, live: readonly Segment[]): Totals {
  const answeredBy = new Array<Part | undefined>(batch.input.rowCount);
  for (const part of batch.parts) {
    const end = part.firstSourceRow + part.sourceRowCount;
    if (!part.void && !part.redirect) answeredBy.fill(part, part.firstSourceRow, end);
    for (let row = part.firstSourceRow; part.redirect && !part.void && row < end; row++)
      if (outcomeOf(part, row) !== Outcome.elsewhere) answeredBy[row] = part;
  }
  const filtered = new Map<string, number>();
  const deadLettered = new Map<string, { rows: number; readonly example: RejectedRow }>();
  let transformedRows = 0;
  let deadLetteredRows = 0;
  for (const { firstRow, rowCount } of live) {
    for (let row = firstRow; row < firstRow + rowCount; row++) {
      const part = answeredBy[row];
      const outcome = part === undefined ? Outcome.transformed : outcomeOf(part, row);
      if (part === undefined || outcome === Outcome.transformed) {
        transformedRows++;
      } else if (outcome < Outcome.deadLetteredBase) {
        const reason = part.result.filterReasons[outcome - Outcome.filteredBase] ?? 'OTHER';
        filtered.set(reason, (filtered.get(reason) ?? 0) + 1);
      } else {
        deadLetteredRows++;
        const index = outcome - Outcome.deadLetteredBase;
        const code = part.result.deadLetterCodes[index] ?? 'OTHER';
        const known = deadLettered.get(code);
        if (known === undefined) deadLettered.set(code, { rows: 1, example: exampleOf(part.result, index) });
        else known.rows++;
      }
    }
  }
  return {
    filtered: [...filtered],
    deadLettered: [...deadLettered].map(([code, counted]) => ({ code, ...counted })),
    deadLetteredRows,
    transformedRows,
  };
}

/** Each code comes with one. */
function exampleOf({ deadLetterExamples }: TransformResult, index: number): RejectedRow {
  return deadLetterExamples[index] ?? { row: 0, message: '' };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, rows) => total + rows, 0);
}
