/** Looks for the results of a record in an output topic: by source headers, else by key and timestamp. */
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { FoundResult } from './answer.js';
import type { Search } from './find-dead-letter.js';
import { type Row, type SourceRecord, scan } from './scan.js';

export interface ResultSearch {
  readonly found: readonly FoundResult[];
  readonly isComplete: boolean;
}

/** Where results are according to a receipt. */
export interface OutputRun {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Results of one record stand close to each other. */
const AFTER = 5_000;
const FOUND_MAX = 100;

export async function findResults(
  search: Search,
  topic: string,
  source: RecordPlace & { readonly record: SourceRecord | undefined },
  runs: readonly OutputRun[],
): Promise<ResultSearch> {
  const found: FoundResult[] = [];
  const within = runs.filter((run) => run.topic === topic);
  const range =
    within.length === 0 ? { from: search.from, until: { kind: 'end' } as const } : spanOf(topic, within);
  const partitions = within.length === 0 ? undefined : new Set(within.map(({ partition }) => partition));
  const isWhole = await scan(
    { ...search, ...range, side: 'producer', topic, partitions, after: AFTER },
    (row) => {
      const isExact = row.names('kd-source', source);
      const certainty = isExact ? 'exact' : isLikely(row, source.record) ? 'likely' : undefined;
      if (certainty === undefined || found.length >= FOUND_MAX) return false;
      found.push({ topic, partition: row.partition, offset: row.offset, certainty });
      return true;
    },
  );
  const exact = found.filter(({ certainty }) => certainty === 'exact');
  return { found: exact.length > 0 ? exact : found, isComplete: isWhole };
}

function spanOf(topic: string, runs: readonly OutputRun[]) {
  const from = new Map<number, number>();
  const until = new Map<number, number>();
  for (const run of runs) {
    from.set(run.partition, Math.min(run.from, from.get(run.partition) ?? run.from));
    until.set(run.partition, Math.max(run.to, until.get(run.partition) ?? run.to));
  }
  const table = (offsets: ReadonlyMap<number, number>) => ({
    kind: 'table' as const,
    file: '',
    offsets: new Map([[topic, offsets]]),
  });
  return { from: table(from), until: table(until) };
}

/** A result that names another source is not ours, however alike it is. */
function isLikely(row: Row, record: SourceRecord | undefined): boolean {
  if (record === undefined || record.key === null || row.timestampMs !== record.timestampMs) return false;
  return row.key?.equals(record.key) === true && row.header('kd-source-offset') === undefined;
}
