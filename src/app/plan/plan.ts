/** Computes what a run would read and write from offsets and a sample. */
import { type Check, Findings, plural, spanOf } from '../../checks/check.js';
import { isThere, keyOf } from '../../checks/topic-plan.js';
import {
  keepsSourceTime,
  numberOf,
  replicationOf,
  retentionOf,
  settingsOf,
  timeKeyOf,
} from '../../checks/topic-settings.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { parseRate } from '../../config/text/units.js';
import type { TopicFacts } from '../doctor/cluster-facts.js';
import type { JobProgress } from './ranges.js';
import { placeKey, type Sample, type SampledRange } from './sample.js';

export interface PlannedPartition extends SampledRange {
  /** ms since 1970; null: not known, or there is no record. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** At most: gaps, such as transaction markers and compacted records, count. */
  readonly records: number;
  /** Estimated from the sample; null: nothing was sampled. */
  readonly bytes: number | null;
}

export interface RunPlan {
  /** The consumer group that the run would work as. */
  readonly group: string;
  readonly job: { readonly name: string; readonly state: JobProgress } | null;
  readonly partitions: readonly PlannedPartition[];
  readonly records: number;
  readonly bytes: number | null;
  readonly sample: { readonly records: number; readonly bytes: number; readonly seconds: number };
  /**
   * At least: reading as fast as the sample was read, in this one process, and no faster than its rate; null:
   * nothing was sampled.
   */
  readonly secondsMin: number | null;
  /** For results as large as their records, uncompressed; null: the output topic is not known. */
  readonly disk: { readonly topic: string; readonly replication: number; readonly bytes: number } | null;
  readonly warnings: readonly Check[];
}

export interface PlanInput {
  readonly config: ResolvedConfig;
  readonly facts: TopicFacts;
  readonly ranges: readonly SampledRange[];
  readonly sample: Sample;
  readonly nowMs: number;
}

export function makePlan(input: PlanInput): Omit<RunPlan, 'group' | 'job'> {
  const { ranges, sample } = input;
  const partitions = ranges.map((range): PlannedPartition => {
    const records = Math.max(0, range.until - range.from);
    const perRecord = averageOf(sample.topics.get(range.topic)) ?? averageOf(sample);
    const bytes = records === 0 ? 0 : perRecord === undefined ? null : records * perRecord;
    const key = placeKey(range);
    return {
      ...range,
      firstMs: sample.firstMs.get(key) ?? null,
      lastMs: sample.lastMs.get(key) ?? null,
      records,
      bytes: bytes === null ? null : Math.round(bytes),
    };
  });
  const records = partitions.reduce((sum, one) => sum + one.records, 0);
  const known = partitions.flatMap((one) => one.bytes ?? []);
  const bytes = known.length < partitions.length ? null : known.reduce((sum, one) => sum + one, 0);
  const seconds = sample.elapsedMs / 1000;
  return {
    partitions,
    records,
    bytes,
    sample: { records: sample.records, bytes: sample.bytes, seconds },
    secondsMin: secondsMin(input, records, bytes),
    disk: bytes === null ? null : diskOf(input, bytes),
    warnings: [...oldRecords(input, partitions), ...otherCounts(input)],
  };
}

function averageOf(
  read: { readonly records: number; readonly bytes: number } | undefined,
): number | undefined {
  return read === undefined || read.records === 0 ? undefined : read.bytes / read.records;
}

function secondsMin({ config, sample }: PlanInput, records: number, bytes: number | null): number | null {
  if (records === 0) return 0;
  if (sample.records === 0) return null;
  const reading = ((records / sample.records) * sample.elapsedMs) / 1000;
  const { rate: text } = config.dispatcher;
  const rate = text === undefined ? undefined : parseRate(text);
  if (rate?.ok !== true) return reading;
  return Math.max(reading, (rate.unit === 'bytes' ? (bytes ?? 0) : records) / rate.perSecond);
}

function diskOf({ facts }: PlanInput, bytes: number): RunPlan['disk'] {
  const output = facts.needed.find(({ role }) => role === 'output');
  const there = output === undefined ? undefined : facts.found.get(keyOf(output));
  if (output === undefined || !isThere(there)) return null;
  const replication = replicationOf(there);
  return { topic: output.name, replication, bytes: bytes * replication };
}

const PAST = ['message.timestamp.before.max.ms', 'message.timestamp.difference.max.ms'] as const;

/** Brokers delete and refuse records by their timestamps, which may be those of their sources. */
function oldRecords(
  { config, facts, nowMs }: PlanInput,
  partitions: readonly PlannedPartition[],
): readonly Check[] {
  const times = partitions.flatMap(({ firstMs, lastMs }) =>
    [firstMs, lastMs].filter((time) => time !== null && time >= 0),
  ) as readonly number[];
  if (times.length === 0) return [];
  const oldestMs = times.reduce((oldest, time) => Math.min(oldest, time));
  return facts.needed
    .filter(({ role }) => role === 'output' || role === 'dead-letter')
    .flatMap((topic) => {
      const settings = settingsOf(facts, topic);
      const keptMs = retentionOf(settings);
      if (!keepsSourceTime({ config }, topic, settings)) return [];
      const findings = new Findings('topics', topic.name);
      // NaN where the setting is not known.
      const pastMs = numberOf(settings, ...PAST);
      if (oldestMs < nowMs - pastMs)
        findings.warning(
          `refuses records whose timestamp is older than ${spanOf(pastMs)}; timestamps are those of the ` +
            `records read, and the oldest is of ${new Date(oldestMs).toISOString()}`,
          `raise ${PAST[0]} of ${topic.name}, or set ${timeKeyOf(topic)}: now`,
        );
      if (keptMs === undefined || oldestMs >= nowMs - keptMs) return findings.checks;
      findings.warning(
        `keeps records for ${spanOf(keptMs)} by their timestamps, which are those of the records read, ` +
          `and the oldest is of ${new Date(oldestMs).toISOString()}: such records would soon be deleted`,
        `raise retention.ms of ${topic.name}, or set ${timeKeyOf(topic)}: now`,
      );
      return findings.checks;
    });
}

function otherCounts({ config, facts }: PlanInput): readonly Check[] {
  const output = facts.needed.find(({ role }) => role === 'output');
  if (output === undefined) return [];
  const findings = new Findings('topics', output.name);
  const there = facts.found.get(keyOf(output));
  if (!isThere(there)) {
    findings.warning('does not exist, so the run would stop at its start', 'create it: kd topics create');
    return findings.checks;
  }
  const { partition } = config.dispatcher.output;
  for (const source of facts.needed.filter(({ role }) => role === 'input')) {
    const from = facts.found.get(keyOf(source));
    if (!isThere(from) || from.partitions.length === there.partitions.length) continue;
    if (partition === 'auto' || partition === 'same')
      findings.warning(
        `has ${plural(there.partitions.length, 'partition')}, ${source.name} has ` +
          `${from.partitions.length}: ` +
          (partition === 'same'
            ? 'with output.partition: same the run would be refused'
            : 'records are partitioned by key, not sent to the partition numbers of their sources'),
        'give both the same number, or choose with dispatcher.output.partition',
      );
  }
  return findings.checks;
}
