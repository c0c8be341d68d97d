/** What a run would do, as text. */
import type { RunPlan } from '../../app/plan/plan.js';
import { visible } from '../../core/visible.js';
import { bytes, count, duration } from './numbers.js';
import { table } from './table.js';

const HEADING = ['topic', 'partition', 'from', 'until', 'records', 'about', 'first record', 'last record'];

const STATES = {
  new: 'has not begun',
  begun: 'has begun; this is what is left of it',
  'already-done': 'is done; --again begins it again',
} as const;

type ShownPlan = Omit<RunPlan, 'group'>;

export function planText(plan: ShownPlan, { width }: { readonly width: number | undefined }): string {
  const rows = plan.partitions.map((one) => [
    one.topic,
    String(one.partition),
    String(one.from),
    String(one.until),
    count(one.records),
    one.bytes === null ? '' : bytes(one.bytes),
    timeOf(one.firstMs),
    timeOf(one.lastMs),
  ]);
  const lines = [totalLine(plan), ...sampleLines(plan), ...diskLines(plan), ...warningLines(plan)];
  const head = plan.job === null ? '' : `job ${plan.job.name}: ${STATES[plan.job.state]}\n`;
  const text = lines.map((line) => `${visible(line)}\n`).join('');
  return `${head}${table([HEADING, ...rows], { width })}\n${text}`;
}

function totalLine({ records, bytes: size, partitions }: ShownPlan): string {
  const about = size === null ? '' : `, about ${bytes(size)}`;
  const n = partitions.length;
  return `at most ${count(records)} records in ${n} partition${n === 1 ? '' : 's'}${about}`;
}

function sampleLines({ secondsMin, sample }: ShownPlan): readonly string[] {
  if (secondsMin === null) return ['no record could be sampled, so sizes and duration are not known'];
  if (sample.records === 0) return [];
  return [
    `at least ${duration(1_000 * secondsMin)} in one process: ${count(sample.records)} records were ` +
      `read in ${duration(1_000 * sample.seconds)}; the transform and writing are not in it`,
  ];
}

function diskLines({ disk }: ShownPlan): readonly string[] {
  if (disk === null) return [];
  return [
    `about ${bytes(disk.bytes)} on disk for ${disk.topic} with replication ${disk.replication}, if ` +
      'results are as large as records, before compression',
  ];
}

function warningLines({ warnings }: ShownPlan): readonly string[] {
  return warnings.map(({ subject, message, remedy }) => `warning: ${subject} ${message}; ${remedy ?? ''}`);
}

function timeOf(ms: number | null): string {
  return ms === null || ms < 0 ? '' : new Date(ms).toISOString();
}
