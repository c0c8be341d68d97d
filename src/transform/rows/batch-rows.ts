import { DispatcherError } from '../../core/errors.js';
import type { BatchFunction } from '../load/loaded.js';
import { RecordView } from '../record-view.js';
import { PROMISED, silencePromises } from '../results/misplaced.js';
import { Rejected, refuse } from '../results/rejected.js';
import { isThenable } from '../results/results.js';
import { Written } from '../results/written.js';
import type { Ending } from './async-rows.js';
import type { CallTimes } from './call-times.js';
import { type RowComputer, resultOfThrown } from './rows.js';

export interface BatchRowsHost {
  readonly rows: RowComputer;
  readonly times: CallTimes;
  readonly transformBatch: BatchFunction;
  write(row: number, result: unknown): Written;
  started(row: number): void;
  finished(lowestUnfinishedRow: number, finished: number): void;
}

/**
 * Runs `transformBatch` over the rows of a task. Records rejected before (decoding, validation) and
 * tombstones are not among its values. If it throws, its records are decoded again and run one by one, so
 * that only the guilty one is rejected; a wrong number of results ends the run.
 */
export async function runBatchRows(host: BatchRowsHost, firstRow: number, endRow: number): Promise<Ending> {
  const results: unknown[] = [];
  const records: RecordView[] = [];
  host.started(endRow - 1);
  for (let row = firstRow; row < endRow; row++) {
    const isTombstone = host.rows.scope.reader.valueLength(row) < 0;
    let prepared = isTombstone ? host.rows.tombstone(row) : host.rows.prepare(row);
    // Awaits only promises: a turn of the microtask queue per row would cost more than the row.
    if (isThenable(prepared)) prepared = await settled(host, row, prepared);
    results.push(prepared);
    if (!isTombstone && prepared instanceof RecordView) records.push(prepared);
  }
  const answers = await callBatch(host, firstRow, records);
  let answered = 0;
  for (let index = 0; index < results.length; index++) {
    if (results[index] === records[answered]) {
      results[index] =
        answers === undefined ? await runAlone(host, firstRow + index) : plain(answers[answered]);
      answered += 1;
      host.finished(firstRow, answered);
    }
  }
  for (let row = firstRow; row < endRow; row++) {
    const status = host.write(row, results[row - firstRow]);
    if (status !== Written.done) return { nextRow: row, status, pending: results.slice(row - firstRow) };
    host.finished(row + 1, results.length + row - firstRow);
  }
  return { nextRow: endRow, status: Written.done, pending: [] };
}

/** Undefined if it threw or timed out: then each record gets its own call. */
async function callBatch(
  host: BatchRowsHost,
  firstRow: number,
  records: readonly RecordView[],
): Promise<readonly unknown[] | undefined> {
  if (records.length === 0) return [];
  let answer: unknown;
  try {
    answer = await call(host, firstRow, records);
  } catch {
    return undefined;
  }
  return answer instanceof Rejected ? undefined : checkLength(answer, records.length);
}

/** The result of the function; {@link Rejected} if its time is over. */
function call(host: BatchRowsHost, row: number, records: readonly RecordView[]): unknown {
  const answer = host.transformBatch(
    records.map((record) => record.value),
    records,
    host.rows.context,
  );
  return isThenable(answer) ? within(host, row, answer) : answer;
}

function within(host: BatchRowsHost, row: number, answer: PromiseLike<unknown>): Promise<unknown> {
  return host.times.within(row, host.rows.takeContext(), Promise.resolve(answer));
}

async function runAlone(host: BatchRowsHost, row: number): Promise<unknown> {
  const prepared = host.rows.prepare(row);
  const record: unknown = isThenable(prepared) ? await within(host, row, prepared) : prepared;
  if (!(record instanceof RecordView)) return record;
  let answer: unknown;
  try {
    answer = await call(host, row, [record]);
  } catch (thrown) {
    return resultOfThrown(thrown);
  }
  if (answer instanceof Rejected) return answer;
  return plain(checkLength(answer, 1)[0]);
}

/** Nobody waits for a promise in the list. */
function plain(answer: unknown): unknown {
  if (!isThenable(answer)) return answer;
  silencePromises([answer]);
  return refuse('transform', 'INVALID_RESULT', PROMISED);
}

function checkLength(answer: unknown, expected: number): readonly unknown[] {
  if (Array.isArray(answer) && answer.length === expected) return answer;
  const got = Array.isArray(answer)
    ? `${answer.length} results`
    : `${answer === null ? 'null' : `a ${typeof answer}`} instead of a list`;
  throw new DispatcherError(
    'BATCH_LENGTH',
    `transformBatch was given ${expected} records and returned ${got}`,
    {
      remedy: 'return one result for each record, in order; drop() for those to filter',
    },
  );
}

async function settled(host: BatchRowsHost, row: number, result: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await within(host, row, result);
  } catch (thrown) {
    return resultOfThrown(thrown);
  }
}
