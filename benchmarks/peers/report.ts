/** The report's section about kd and its rivals. */
import { MIB, ratio, table, thousands, withRange } from '../tables.js';
import type { PeerScore, PeerScores } from './rounds.js';

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

function rowsOf({ title, bytes, partitions, scores }: PeerScore): string[][] {
  const base = scores.find(({ id }) => id === 'kd')?.cpuMicros;
  return scores.map((score, index) => [
    index === 0 ? `${title}, ${bytes} B, ${partitions} partitions` : '',
    score.title,
    withRange(score.cpuMicros, score.cpuMicrosOfRounds),
    ratio(score.cpuMicros, base),
    thousands(score.recordsPerSecond),
    Math.round(score.rssPeakBytes / MIB).toString(),
    `${score.startCpuSeconds.toFixed(2)} s`,
    thousands(score.records),
  ]);
}

export function peersBody({ versions, jobs }: PeerScores): string {
  const rows = jobs.flatMap(rowsOf);
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Everybody does the same job on the same topic in the same run, at least once and
idempotent, and keeps key, headers and timestamp; outputs of the first round had equal counts and contents.
Go runs with \`GOMAXPROCS=1\`. ${list.join(', ')}.

${table(HEAD, rows)}`;
}
