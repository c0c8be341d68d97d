/** What a receipt says of one record. */
import { DispatcherError } from '../../core/errors.js';
import type { SettledLine } from '../../core/receipts/lines.js';
import type { RecordPlace } from '../../dispatcher/trace.js';
import { ReceiptFault, readReceipt } from '../receipts/read-receipt.js';
import type { OutputRun } from './find-results.js';

export interface InReceipt {
  /** None of the records read together with it has a result: all were filtered. */
  readonly isFiltered: boolean;
  /** The only reason of these records; undefined: there are several. */
  readonly reason: string | undefined;
  /** Where the results of the records are that were settled together with it. */
  readonly runs: readonly OutputRun[];
  /** How many records that is. */
  readonly records: number;
  /** The topic had another id then: it was created again since. */
  readonly isOtherTopic: boolean;
}

/** Undefined: the receipt does not list it. Rejects with CHECK_FAILED if a line has been changed. */
export async function findInReceipt(
  file: string,
  place: RecordPlace,
  idNow: string | null,
): Promise<InReceipt | undefined> {
  let found: InReceipt | undefined;
  let idThen: string | null | undefined;
  try {
    await readReceipt(file, (line) => {
      if (line.kind === 'begun') idThen = line.inputs.find(({ topic }) => topic === place.topic)?.id;
      if (line.kind !== 'settled') return;
      const piece = pieceOf(line, place);
      if (piece === undefined) return;
      const isOtherTopic = typeof idThen === 'string' && idNow !== null && idThen !== idNow;
      found = { ...summed(line, piece), isOtherTopic };
    });
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new DispatcherError(cause instanceof ReceiptFault ? 'CHECK_FAILED' : 'USAGE', words, {
      cause,
      remedy: 'name the file that was given to kd run --receipt, as the run wrote it',
    });
  }
  return found;
}

type Piece = SettledLine['inputs'][number]['pieces'][number];

function pieceOf({ inputs }: SettledLine, { topic, partition, offset }: RecordPlace): Piece | undefined {
  return inputs
    .filter((input) => input.topic === topic && input.partition === partition)
    .flatMap(({ pieces }) => pieces)
    .find(([from, to]) => offset >= from && offset < to);
}

function summed(line: SettledLine, [, , , results]: Piece): Omit<InReceipt, 'isOtherTopic'> {
  const { filtered, deadLettered, transformed } = line.outcomes;
  const reasons = Object.keys(filtered);
  const isOnlyFiltered = transformed === 0 && Object.keys(deadLettered).length === 0;
  return {
    isFiltered: results === 0 && (reasons.length > 0 || isOnlyFiltered),
    reason: reasons.length === 1 ? reasons[0] : undefined,
    runs: line.outputs.flatMap(({ topic, partition, runs }) =>
      runs.map(([from, to]) => ({ topic, partition, from, to })),
    ),
    records: line.inputs.reduce((sum, { records }) => sum + records, 0),
  };
}
