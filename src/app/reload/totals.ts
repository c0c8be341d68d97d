import type { RunReport, Standing } from '../../dispatcher/report.js';

/** Ranges listed per partition; beyond them the closest are joined. */
const RANGES_PER_PARTITION_MAX = 10;

type Range = RunReport['redelivery'][number];

/**
 * The sum over the legs of a run. RunBooks already counts records and latencies across legs; this adds
 * positions, ranges and times. A range that an earlier leg left unsettled was read again by a later one, so
 * its records may come twice: it stays in the list.
 */
export class RunTotals {
  private readonly committed = new Map<string, RunReport['committed'][number]>();
  private readonly ranges = new Map<string, Range[]>();
  private activeMs = 0;
  private bytes = 0;

  add(report: RunReport, bytesOut: number): void {
    for (const entry of report.committed) this.committed.set(keyOf(entry), entry);
    for (const range of report.redelivery) {
      const key = keyOf(range);
      this.ranges.set(key, joined([...(this.ranges.get(key) ?? []), range]));
    }
    this.activeMs += report.activeMs;
    this.bytes += bytesOut;
  }

  /** Bytes handed to the producers of finished legs. */
  get bytesOut(): number {
    return this.bytes;
  }

  /** The totals with the running leg so far included. */
  standing(now: Standing): Standing {
    const committed = new Map(this.committed);
    for (const entry of now.committed) committed.set(keyOf(entry), entry);
    const ranges = new Map(this.ranges);
    for (const range of now.redelivery)
      ranges.set(keyOf(range), joined([...(ranges.get(keyOf(range)) ?? []), range]));
    return {
      ...now,
      committed: [...committed.values()],
      redelivery: [...ranges.values()].flat(),
      activeMs: this.activeMs + now.activeMs,
    };
  }

  /** The last leg's report, as the report of the whole run. */
  report(last: RunReport): RunReport {
    return {
      ...last,
      committed: [...this.committed.values()],
      redelivery: [...this.ranges.values()].flat(),
      activeMs: this.activeMs,
    };
  }
}

function keyOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

function joined(ranges: readonly Range[]): Range[] {
  const list: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = list.at(-1);
    if (last !== undefined && range.from <= last.to)
      list[list.length - 1] = { ...last, to: Math.max(last.to, range.to) };
    else list.push(range);
  }
  while (list.length > RANGES_PER_PARTITION_MAX) joinClosest(list);
  return list;
}

function joinClosest(list: Range[]): void {
  const gaps = list.slice(1).map(({ from }, index) => from - (list[index]?.to ?? 0));
  const at = gaps.indexOf(Math.min(...gaps));
  const [first, second] = list.slice(at, at + 2);
  if (first !== undefined && second !== undefined) list.splice(at, 2, { ...first, to: second.to });
}
