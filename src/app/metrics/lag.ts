import type { PartitionStanding } from '../../dispatcher/report.js';
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';

/** Partitions with series of their own: those furthest behind. The sums by topic hold all of them. */
export const PARTITION_SERIES_MAX = 200;

/** The lag of each partition, in records and in time, and the sums by topic. */
export function lagFamilies(partitions: readonly PartitionStanding[]): readonly MetricFamily[] {
  const behind = [...partitions].sort((a, b) => (b.lagRecords ?? 0) - (a.lagRecords ?? 0));
  const shown = behind.slice(0, PARTITION_SERIES_MAX);
  const each = (valueOf: (one: PartitionStanding) => number | null): MetricSample[] =>
    shown.flatMap((one) => {
      const value = valueOf(one);
      if (value === null) return [];
      return [{ labels: { topic: one.topic, partition: String(one.partition) }, value }];
    });
  return [
    lag('kd_lag_records', 'Records up to the high watermark that are not settled', each(recordsOf)),
    lag(
      'kd_lag_stable_records',
      'The same up to the last stable offset: an open transaction holds back the others',
      each((one) => one.stableLagRecords),
    ),
    lag(
      'kd_lag_seconds',
      'How long the first record that is not settled has been there, at least',
      each((one) => one.lagSeconds),
    ),
    lag(
      'kd_lag_stable_seconds',
      'The same up to the last stable offset',
      each((one) => one.stableLagSeconds),
    ),
    lag('kd_topic_lag_records', 'kd_lag_records of all partitions of a topic', sumsByTopic(partitions)),
    lag('kd_partitions_left_out', 'Partitions without lag series of their own', [
      { labels: {}, value: partitions.length - shown.length },
    ]),
  ];
}

function recordsOf({ lagRecords }: PartitionStanding): number | null {
  return lagRecords;
}

function sumsByTopic(partitions: readonly PartitionStanding[]): MetricSample[] {
  const sums = new Map<string, number>();
  for (const { topic, lagRecords } of partitions) sums.set(topic, (sums.get(topic) ?? 0) + (lagRecords ?? 0));
  return [...sums].map(([topic, value]) => ({ labels: { topic }, value }));
}

function lag(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}
