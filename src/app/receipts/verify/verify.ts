/** `kd verify`: reads both sides of receipts again, and compares. */
import { outputsOnce } from '../../../core/receipts/coverage.js';
import { differencesOf } from './differences.js';
import { isComplete, type Listed, type ListedPartition, type Side } from './listed.js';
import { loadReceipts } from './load.js';
import { replacedTopics } from './replaced.js';
import { type FoundDifference, orderOf, type Unchecked, type VerifyResult } from './result.js';
import { TopicCheck } from './topic-check.js';
import type { ReadingSettings } from './topic-reading.js';

export interface VerifyRequest extends Omit<ReadingSettings, 'onRead'> {
  readonly files: readonly string[];
  readonly allowOthers: boolean;
  /** Records read so far, and roughly how many there are in all. */
  readonly progress: (read: number, of: number) => void;
}

/** Rejects with CHECK_FAILED if a receipt has been changed. */
export async function verify(request: VerifyRequest): Promise<VerifyResult> {
  const { files, allowOthers, progress } = request;
  const { listed, notes } = await loadReceipts(files);
  const replaced = await replacedTopics(listed, request);
  const checks = checksOf(listed).filter(
    ({ side, topic }) => !replaced.some((one) => one.side === side && one.topic === topic),
  );
  let read = 0;
  const of = checks.reduce((sum, { offsets }) => sum + offsets, 0);
  const settings: ReadingSettings = {
    ...request,
    onRead: (records) => {
      read += records;
      progress(read, Math.max(read, of));
    },
  };
  const complete = isComplete(listed);
  const judging = { mayRepeat: !complete || listed.unplaced > 0, allowOthers };
  const differences: FoundDifference[] = [...replaced];
  // Input and output at once: they may be in different clusters, and each is read in parallel anyway.
  await Promise.all(checks.map((check) => check.read(settings)));
  for (const check of checks) {
    await check.findTwins(settings);
    differences.push(...(await differencesOf(settings, check, judging)));
  }
  differences.sort(orderOf);
  return resultOf({ files, listed, checks, differences, complete, mayRepeat: judging.mayRepeat, notes });
}

function checksOf({ inputs, outputs }: Listed): readonly TopicCheck[] {
  const of = (side: Side, partitions: ReadonlyMap<string, ListedPartition>): TopicCheck[] => {
    // Nothing is known of a partition in which nothing was done.
    const done = [...partitions.values()].filter(
      ({ parts, from, to }) =>
        parts.length > 0 || (from !== undefined && (side === 'output' || to !== undefined)),
    );
    const topics = new Set(done.map(({ topic }) => topic));
    return [...topics].map(
      (topic) =>
        new TopicCheck(
          side,
          topic,
          done.filter((one) => one.topic === topic),
        ),
    );
  };
  return [...of('input', inputs), ...of('output', outputs)];
}

interface Judged {
  readonly files: readonly string[];
  readonly listed: Listed;
  readonly checks: readonly TopicCheck[];
  readonly differences: readonly FoundDifference[];
  readonly complete: boolean;
  readonly mayRepeat: boolean;
  readonly notes: readonly string[];
}

function resultOf({ files, listed, checks, differences, complete, mayRepeat, notes }: Judged): VerifyResult {
  const unchecked = checks.flatMap(uncheckedIn);
  const twins = checks.reduce((sum, check) => sum + check.unlisted.twins, 0);
  const others = checks.reduce((sum, check) => sum + check.unlisted.count, 0) - twins;
  const twice = writtenMoreThanOnce(listed) + (mayRepeat ? Math.max(0, twins - listed.unplaced) : 0);
  const missing = checks.reduce(
    (sum, check) => sum + [...check.missing.values()].reduce((n, m) => n + m.records, 0),
    0,
  );
  const input = { records: recordsIn(listed.inputs), settledTwice: settledTwice(checks), missing };
  const output = { records: recordsIn(listed.outputs) + (mayRepeat ? twins : 0), twice, others };
  const agrees = differences.length === 0;
  return {
    schema: 1,
    agrees,
    files,
    lines: listed.lines,
    instances: listed.instances.size,
    complete,
    input,
    output,
    differences,
    unchecked,
    notes,
    message: messageOf({ agrees, differences, twice, unchecked }),
  };
}

function messageOf({
  agrees,
  differences,
  twice,
  unchecked,
}: Pick<VerifyResult, 'agrees' | 'differences' | 'unchecked'> & { readonly twice: number }): string {
  if (!agrees) return differences[0]?.message ?? 'differs';
  const exact = twice === 0 ? 'all exact' : `${twice} records twice, all else exact`;
  return unchecked.length === 0 ? exact : `${exact}, as far as the records still exist`;
}

function uncheckedIn({ side, topic, partitions }: TopicCheck): readonly Unchecked[] {
  return [...partitions].flatMap(([partition, { gone }]) =>
    gone === undefined ? [] : [{ side, topic, partition, from: gone[0], to: gone[1] }],
  );
}

function recordsIn(partitions: ReadonlyMap<string, ListedPartition>): number {
  let records = 0;
  for (const { parts } of partitions.values()) for (const part of parts) records += part.records;
  return records;
}

/** Results acknowledged beyond those that one reading of each input record explains. */
function writtenMoreThanOnce({ inputs, outputs, unplaced }: Listed): number {
  let once = 0;
  for (const { pieces } of inputs.values()) once += outputsOnce(pieces);
  return Math.max(0, recordsIn(outputs) + unplaced - once);
}

/** Records of the input that are listed more than once; of deleted ranges, only known records are counted. */
function settledTwice(checks: readonly TopicCheck[]): number {
  let twice = 0;
  for (const { side, partitions } of checks) {
    if (side === 'output') continue;
    for (const { listed, records, gone } of partitions.values())
      if (gone === undefined) twice += listed.parts.reduce((sum, part) => sum + part.records, 0) - records;
  }
  return Math.max(0, twice);
}
