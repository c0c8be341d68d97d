/** Writes what was measured: RESULTS.md for people, results.svg beside it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bar, barChart } from './chart.js';
import type { LatencyScore, StartStopScore } from './latency.js';
import type { Machine } from './machine.js';
import type { MicroScore } from './micro/main.js';
import type { BenchOptions } from './options.js';
import type { Score } from './throughput.js';

export interface Results {
  readonly machine: Machine;
  readonly options: BenchOptions;
  readonly command: string;
  readonly throughput: readonly Score[];
  readonly latency: readonly LatencyScore[];
  readonly startStop: StartStopScore | undefined;
  readonly partitions: readonly { readonly partitions: number; readonly floor: Score; readonly kd: Score }[];
  readonly large: readonly Score[];
  readonly micro: readonly MicroScore[];
}

const MIB = 2 ** 20;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const align = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(align), ...rows.map(line)].join('\n');
}

function thousands(value: number): string {
  return `${Math.round(value / 1000).toLocaleString('en-US')}k`;
}

function ratio(value: number, base: number | undefined): string {
  return base === undefined ? '' : `${(value / base).toFixed(2)} ×`;
}

function scoreRows(scores: readonly Score[], base: number | undefined): string[][] {
  return scores.map((score) => [
    score.title,
    ratio(score.cpuMicros, base),
    `${score.cpuMicros.toFixed(2)} (${score.cpuMicrosMin.toFixed(2)}–${score.cpuMicrosMax.toFixed(2)})`,
    score.cpuMicrosWhole.toFixed(2),
    thousands(score.recordsPerSecond),
    Math.round(score.rssPeakBytes / MIB).toString(),
    `${score.startCpuSeconds.toFixed(2)} s`,
    thousands(score.records),
  ]);
}

const SCORE_HEAD = ['', 'to the floor', 'CPU µs/record (range)', 'with start', 'records/s', 'peak RSS MiB', 'CPU of start', 'records'];

function floorOf(scores: readonly Score[]): number | undefined {
  return scores.find((score) => score.id === 'floor-pass')?.cpuMicros;
}

function sections(results: Results): string[] {
  const { throughput, latency, startStop, partitions, large, micro } = results;
  const parts: string[] = [];
  if (throughput.length > 0) {
    parts.push(`## Copying a topic\n\n${table(SCORE_HEAD, scoreRows(throughput, floorOf(throughput)))}`);
  }
  if (large.length > 0) {
    parts.push(`## 10 KB records\n\n${table(SCORE_HEAD, scoreRows(large, floorOf(large)))}`);
  }
  if (partitions.length > 0) {
    const rows = partitions.map(({ partitions: count, floor, kd }) => [
      String(count),
      kd.cpuMicros.toFixed(2),
      floor.cpuMicros.toFixed(2),
      ratio(kd.cpuMicros, floor.cpuMicros),
    ]);
    parts.push(`## CPU by partitions\n\n${table(['partitions', 'kd pass-through µs', 'floor µs', 'ratio'], rows)}`);
  }
  if (latency.length > 0) {
    const rows = latency.map((score) => [
      score.title,
      thousands(score.recordsPerSecond),
      ...[score.p50Ms, score.p99Ms, score.p999Ms, score.maxMs].map((ms) => ms.toFixed(1)),
    ]);
    parts.push(`## Latency end to end\n\n${table(['', 'records/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'], rows)}`);
  }
  if (startStop !== undefined) {
    parts.push(
      `First record out ${startStop.firstRecordOutMs.toFixed(0)} ms after the start of the process; stopped ${startStop.drainMs.toFixed(0)} ms after SIGTERM under load.`,
    );
  }
  if (micro.length > 0) {
    const rows = micro.map((score) => [score.name, score.nanoseconds.toFixed(0), score.unit]);
    parts.push(`## Parts by themselves\n\n${table(['', 'ns, median', 'per'], rows)}`);
  }
  return parts;
}

function markdown(results: Results): string {
  const { machine, options } = results;
  return `# Benchmark results

What the numbers mean: CPU is user and system time of the whole process and all its threads, as the kernel counts it; medians of ${options.runs} interleaved runs.
The time before the first record and after the last (starting, connecting, joining the group, leaving) is measured by a run over a few records and taken off,
the same way for everybody; "with start" is without that. The broker runs on the same cores, so records/s says as much about it as about the program: compare the ratios.
Every contender keeps partition, key, headers and timestamp; producers are idempotent with acks=all; CRCs are checked. The output of the first round of each is read by Kafka's own Java client and must be complete and in order.

- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load before the run ${machine.loadBefore.toFixed(2)}
- Node ${machine.node}, librdkafka ${machine.librdkafka}, Apache Kafka 4.3.1 on Java ${machine.java}, one broker
- commit ${machine.commit}, ${machine.date}
- records: ${options.records.toLocaleString('en-US')} of ${options.size} bytes (Avro: 2 longs, a double, a string, an array of 3 strings), ${options.partitions} partitions
- command: \`${results.command}\`

![CPU per record](results.svg)

${sections(results).join('\n\n')}
`;
}

function bars(scores: readonly Score[]): Bar[] {
  const floor = floorOf(scores);
  return scores.map((score) => ({
    label: score.title,
    value: score.cpuMicros,
    text: `${score.cpuMicros.toFixed(2)} µs · ${ratio(score.cpuMicros, floor)}`,
    ours: score.id.startsWith('kd'),
  }));
}

export async function writeReport(results: Results): Promise<void> {
  const { machine, options } = results;
  await writeFile(join(options.out, 'RESULTS.md'), markdown(results));
  const shown = results.throughput.filter((score) => score.id !== 'floor-consume');
  if (shown.length > 0) {
    const subtitle = 'consume → produce, idempotent, acks=all; whole process, median, times the C floor';
    const footnote = `${machine.cpu}, ${machine.cores} cores shared with the broker · ${options.size} B records, ${options.partitions} partitions · commit ${machine.commit} · ${machine.date}`;
    await writeFile(join(options.out, 'results.svg'), barChart('CPU per record (µs)', subtitle, bars(shown), footnote));
  }
}
