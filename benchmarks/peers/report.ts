/** The report's section about kd and its rivals, and its picture. */
import { type Bar, groupedChart } from '../chart.js';
import type { Measured } from '../circumstances.js';
import { MIB, ratio, table, thousands, withRange } from '../tables.js';
import { PEER_JOBS } from './jobs.js';
import { type Mark, marksOf } from './marks.js';
import type { PeerScore } from './rounds.js';

const HEAD = [
  'job',
  'program',
  'CPU µs/record (range)',
  "to kd's plain",
  'records/s',
  'peak RSS MiB',
  'CPU of start',
  'records',
];

/** Replaces what was measured of a job before; the others stay, in the order of the jobs. */
export function replaceJob(
  before: readonly Measured<PeerScore>[],
  measured: Measured<PeerScore>,
): Measured<PeerScore>[] {
  const place = ({ result: { id } }: Measured<PeerScore>): number =>
    PEER_JOBS.findIndex((job) => job.id === id);
  return [...before.filter(({ result }) => result.id !== measured.result.id), measured].sort(
    (a, b) => place(a) - place(b),
  );
}

function titleOf({ title, bytes, partitions }: PeerScore): string {
  return `${title}, ${bytes} B, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`;
}

function rowsOf(job: PeerScore): string[][] {
  const base = job.scores.find(({ id }) => id === 'kd')?.cpuMicros;
  return job.scores.map((score, index) => [
    index === 0 ? titleOf(job) : '',
    score.title,
    withRange(score.cpuMicros, score.cpuMicrosOfRounds),
    ratio(score.cpuMicros, base),
    thousands(score.recordsPerSecond),
    Math.round(score.rssPeakBytes / MIB).toString(),
    `${score.startCpuSeconds.toFixed(2)} s`,
    thousands(score.records),
  ]);
}

function figure(value: number, unit: string): string {
  return `${unit === 'MiB' ? Math.round(value) : value.toFixed(2)} ${unit}`;
}

function markRow({ what, limit, seen, unit }: Mark): string[] {
  const verdict = seen !== undefined && seen <= limit ? 'met' : 'missed';
  return [
    what,
    figure(limit, unit),
    seen === undefined ? '' : figure(seen, unit),
    seen === undefined ? 'not measured' : verdict,
  ];
}

export function peersBody(jobs: readonly PeerScore[]): string {
  const versions = Object.entries(Object.assign({}, ...jobs.map((job) => job.versions)) as object);
  const list = versions.map(([name, version]) => `${name} ${version}`);
  return `Everybody does the same job on the same topic in the same run, at least once and
idempotent, and keeps key, headers and timestamp; outputs of the first round had equal counts and contents.
Go runs with \`GOMAXPROCS=1\`. ${list.join(', ')}.

![CPU per record beside Go and Kafka Streams](peers.svg)

${table(HEAD, jobs.flatMap(rowsOf))}

What the project wants to reach, and what these figures say (ratios to its own pass-through compare two of
the jobs):

${table(['', 'at most', 'measured', ''], marksOf(jobs).map(markRow))}`;
}

export function peersChart(jobs: readonly PeerScore[]): string {
  const groups = jobs.map((job) => ({
    heading: titleOf(job),
    bars: job.scores.map(
      (score): Bar => ({
        label: score.title,
        value: score.cpuMicros,
        text: `${score.cpuMicros.toFixed(2)} µs`,
        ours: score.id.startsWith('kd'),
      }),
    ),
  }));
  const subtitle = 'the same job on the same topic; whole process, median, each group on its own scale';
  return groupedChart('CPU per record (µs)', subtitle, groups);
}
