/**
 * Writes what was measured: RESULTS.md for people, results.json with the figures of every part, results.svg.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bar, barChart } from './chart.js';
import { conditions, type Measured } from './circumstances.js';
import { type CoresScore, coresBody } from './cores.js';
import type { LatencyScore, StartStopScore } from './latency.js';
import { type LowRateScore, lowRateBody } from './lowrate/lowrate.js';
import type { MicroScore } from './micro/main.js';
import { peersBody, peersChart } from './peers/report.js';
import type { PeerScore } from './peers/rounds.js';
import { type ScrapesScore, scrapesBody } from './scrapes/scrapes.js';
import { MIB, ratio, table, thousands, withRange } from './tables.js';
import type { Score } from './throughput.js';
import type { TlsPair, TlsScore } from './tls.js';

/** A part that was not measured again keeps what was measured before. */
export interface Results {
  readonly throughput?: Measured<readonly Score[]>;
  readonly tls?: Measured<TlsScore>;
  readonly large?: Measured<readonly Score[]>;
  readonly partitions?: Measured<
    readonly { readonly partitions: number; readonly floor: Score; readonly kd: Score }[]
  >;
  readonly latency?: Measured<{
    readonly scores: readonly LatencyScore[];
    readonly startStop: StartStopScore;
  }>;
  readonly lowrate?: Measured<readonly LowRateScore[]>;
  readonly cores?: Measured<CoresScore>;
  readonly micro?: Measured<readonly MicroScore[]>;
  readonly scrapes?: Measured<ScrapesScore>;
  /** Every job by itself, in the order of the jobs. */
  readonly peers?: readonly Measured<PeerScore>[];
}

/** Text written by hand follows this line and is kept. */
const BY_HAND = '<!-- Written by hand from here on; make bench keeps it. -->';

function scoreRows(scores: readonly Score[], base: number | undefined): string[][] {
  return scores.map((score) => [
    score.title,
    ratio(score.cpuMicros, base),
    withRange(score.cpuMicros, score.cpuMicrosOfRounds),
    score.cpuMicrosWhole.toFixed(2),
    thousands(score.recordsPerSecond),
    Math.round(score.rssPeakBytes / MIB).toString(),
    `${score.startCpuSeconds.toFixed(2)} s`,
    thousands(score.records),
  ]);
}

const SCORE_HEAD = [
  '',
  'to the floor',
  'CPU µs/record (range)',
  'with start',
  'records/s',
  'peak RSS MiB',
  'CPU of start',
  'records',
];

function floorOf(scores: readonly Score[]): number | undefined {
  return scores.find((score) => score.id === 'floor-pass')?.cpuMicros;
}

/** A heading, what was measured, and under what conditions. */
function section<T>(
  heading: string,
  measured: Measured<T> | undefined,
  body: (result: T) => string,
): string[] {
  return measured === undefined
    ? []
    : [`## ${heading}\n\n${body(measured.result)}\n\n${conditions(measured)}`];
}

function tlsBody({ handshake, pairs }: TlsScore): string {
  const base = pairs.find(({ plain }) => plain.id === 'floor-pass')?.extraMicros;
  const rows = pairs.map((pair: TlsPair) => [
    pair.plain.title,
    withRange(pair.extraMicros, pair.extraMicrosOfRounds),
    ratio(pair.extraMicros, base),
    withRange(pair.plain.cpuMicros, pair.plain.cpuMicrosOfRounds),
    withRange(pair.tls.cpuMicros, pair.tls.cpuMicrosOfRounds),
    thousands(pair.plain.recordsPerSecond),
    thousands(pair.tls.recordsPerSecond),
  ]);
  const cpu = 'CPU µs/record';
  const head = [
    '',
    `TLS adds, ${cpu} (range)`,
    "to the floor's",
    `${cpu} without`,
    `${cpu} with TLS`,
    'records/s without',
    'records/s with TLS',
  ];
  return `${handshake.protocol} with ${handshake.cipher}, for reading and for writing, on a second
listener of the same broker. kd is configured as in Java (\`security.protocol: SSL\`, JKS truststore), the
floor by PEM file. What TLS adds is the difference in each round; the median of the rounds counts.

${table(head, rows)}`;
}

/** The p50 of the floor with the same `linger.ms` at the same rate. */
function floorInBetween(
  scores: readonly LatencyScore[],
  { id, recordsPerSecond }: LatencyScore,
): number | undefined {
  if (id === undefined) return undefined;
  const floorId = id.endsWith('-latency') ? 'floor-pass-latency' : 'floor-pass';
  return scores.find((score) => score.id === floorId && score.recordsPerSecond === recordsPerSecond)?.p50Ms;
}

function latencyBody({
  scores,
  startStop,
}: {
  readonly scores: readonly LatencyScore[];
  readonly startStop: StartStopScore;
}): string {
  const rows = scores.map((score) => [
    score.title,
    thousands(score.recordsPerSecond),
    ratio(score.p50Ms, floorInBetween(scores, score)),
    ...[score.p50Ms, score.p99Ms, score.p999Ms, score.maxMs].map((ms) => ms.toFixed(1)),
  ]);
  return `The C floor in between reads and writes as kd does, with the same \`linger.ms\`; the time that
it adds to Kafka and the meter alone is the price of a second way through Kafka on this machine. Rivals have
their own defaults.

${table(['', 'records/s', 'p50 to the floor', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'], rows)}

First record out ${startStop.firstRecordOutMs.toFixed(0)} ms after the start of the process;
stopped ${startStop.drainMs.toFixed(0)} ms after SIGTERM under load.`;
}

function peersSection(jobs: readonly Measured<PeerScore>[]): string[] {
  if (jobs.length === 0) return [];
  const sittings = new Map<string, string[]>();
  for (const measured of jobs) {
    const text = conditions(measured);
    sittings.set(text, [...(sittings.get(text) ?? []), measured.result.id]);
  }
  const where = [...sittings].map(([text, ids]) => `${ids.join(', ')}: ${text}`);
  const body = peersBody(jobs.map(({ result }) => result));
  return [`## Against hand-written Go and Kafka Streams\n\n${body}\n\n${where.join('\n\n')}`];
}

function sections(results: Results): string[] {
  const scoreTable = (scores: readonly Score[]): string =>
    table(SCORE_HEAD, scoreRows(scores, floorOf(scores)));
  return [
    ...section('Copying a topic', results.throughput, scoreTable),
    ...peersSection(results.peers ?? []),
    ...section('What TLS adds', results.tls, tlsBody),
    ...section('10 KB records', results.large, scoreTable),
    ...section('CPU by partitions', results.partitions, (rows) =>
      table(
        ['partitions', 'kd pass-through µs', 'floor µs', 'ratio'],
        rows.map(({ partitions, floor, kd }) => [
          String(partitions),
          kd.cpuMicros.toFixed(2),
          floor.cpuMicros.toFixed(2),
          ratio(kd.cpuMicros, floor.cpuMicros),
        ]),
      ),
    ),
    ...section('Latency end to end', results.latency, latencyBody),
    ...section('CPU at low rates', results.lowrate, lowRateBody),
    ...section('More cores', results.cores, coresBody),
    ...section('What scrapes cost', results.scrapes, scrapesBody),
    ...section('Parts by themselves', results.micro, (scores) =>
      table(
        ['', 'ns, median', 'per'],
        scores.map((score) => [score.name, score.nanoseconds.toFixed(0), score.unit]),
      ),
    ),
  ];
}

function markdown(results: Results, byHand: string): string {
  return `# Benchmark results

How to read the numbers: CPU is user and system time of the whole process with all its threads, as the kernel
counts it; medians of interleaved rounds. The time before the first record and after the last (starting,
connecting, joining the group, leaving) is measured with a run over a few records and subtracted for every
contender; "with start" includes it. The broker runs on the same cores, so records/s depend on it as much as
on the program: compare the ratios.
Every contender keeps partition, key, headers and timestamp; producers are idempotent with acks=all; CRCs are
checked. Kafka's own Java client reads the output of everyone's first round, which must be complete and in
order. Records are Avro with 2 longs, a double, a string and an array of 3 strings. Each part names its own
commit and date, because parts can be measured separately.

![CPU per record](results.svg)

${sections(results).join('\n\n')}

${BY_HAND}
${byHand}`;
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

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Results that earlier runs left in the folder. */
export async function readResults(folder: string): Promise<Results> {
  return JSON.parse((await textOf(join(folder, 'results.json'))) ?? '{}') as Results;
}

export async function writeReport(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  const report = join(folder, 'RESULTS.md');
  const [, byHand = ''] = ((await textOf(report)) ?? '').split(`${BY_HAND}\n`);
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(report, markdown(results, byHand));
  if (results.peers !== undefined) {
    await writeFile(join(folder, 'peers.svg'), peersChart(results.peers.map(({ result }) => result)));
  }
  const { throughput } = results;
  const shown = throughput?.result.filter((score) => score.id !== 'floor-consume') ?? [];
  if (throughput !== undefined && shown.length > 0) {
    const { machine, options } = throughput;
    const subtitle = 'consume → produce, idempotent, acks=all; whole process, median, times the C floor';
    const footnote =
      `${machine.cpu}, ${machine.cores} cores shared with the broker · ${options.size} B ` +
      `records, ${options.partitions} partitions · commit ${machine.commit} · ${machine.date}`;
    await writeFile(
      join(folder, 'results.svg'),
      barChart('CPU per record (µs)', subtitle, bars(shown), footnote),
    );
  }
}
