import { DispatcherError } from '../../core/errors.js';
import type { InFlightBatch } from '../in-flight-batch.js';

export type NamedCount = readonly [name: string, rows: number];

export interface Totals {
  readonly filtered: readonly NamedCount[];
  readonly deadLettered: readonly NamedCount[];
  readonly deadLetteredRows: number;
  /** All others. */
  readonly transformedRows: number;
}

/**
 * What became of the rows of a batch, by the totals of its results. They are compared with the batch before
 * anything of them is booked: an error where they can't be true, so that no counter goes wrong unnoticed.
 */
export function totalsOf({ id, input, parts }: Pick<InFlightBatch, 'id' | 'input' | 'parts'>): Totals {
  const filtered: NamedCount[] = [];
  const deadLettered: NamedCount[] = [];
  for (const { result, carriesTotals, void: isVoid } of parts) {
    if (!carriesTotals || isVoid) continue;
    result.filterReasons.forEach((reason, i) => {
      filtered.push([reason, result.filteredBy[i] ?? 0]);
    });
    result.deadLetterCodes.forEach((code, i) => {
      deadLettered.push([code, result.deadLetteredBy[i] ?? 0]);
    });
  }
  const filteredRows = sum(filtered);
  const deadLetteredRows = sum(deadLettered);
  const transformedRows = input.rowCount - filteredRows - deadLetteredRows;
  const isCount = (rows: number): boolean => Number.isSafeInteger(rows) && rows >= 0;
  if (![...filtered, ...deadLettered].every(([, rows]) => isCount(rows)) || transformedRows < 0) {
    throw new DispatcherError(
      'ACCOUNTING',
      `the results of batch ${id} do not add up: ${input.rowCount} records, but ${filteredRows} filtered and ` +
        `${deadLetteredRows} dead-lettered`,
      { remedy: 'this is a bug in Kafka-Dispatcher; please report it' },
    );
  }
  return { filtered, deadLettered, deadLetteredRows, transformedRows };
}

function sum(counts: readonly NamedCount[]): number {
  return counts.reduce((total, [, rows]) => total + rows, 0);
}
