/** What the worker threads do, and where batches spend their time. */
import type { LatencyDistribution } from '../../core/books/latency-histogram.js';
import type { Measured } from '../../core/books/run-books.js';
import { GC_KINDS, type WorkersSnapshot } from '../../core/books/worker-books.js';
import type { RunStatus } from '../../dispatcher/report.js';
import type { MetricFamily } from '../../ports/metrics.js';
import { counter, gauge, histogram, ofLatency } from './samples.js';

export function stageFamilies({ stages, workers }: Measured): readonly MetricFamily[] {
  const { waiting, ordering, producing, batchRecords, batchBytes } = stages;
  const stage = (name: string, latencies: LatencyDistribution): Parameters<typeof histogram>[2][number] => ({
    labels: { stage: name },
    distribution: ofLatency(latencies),
  });
  return [
    histogram('kd_stage_seconds', 'Time of a batch, or of a part of one, in each stage of its way', [
      stage('waiting', waiting),
      stage('transform', workers.tasks),
      stage('ordering', ordering),
      stage('producing', producing),
    ]),
    histogram('kd_batch_records', 'Records of a batch', [{ labels: {}, distribution: batchRecords }]),
    histogram('kd_batch_bytes', 'Bytes of a batch', [{ labels: {}, distribution: batchBytes }]),
  ];
}

/** Counters that begin with the first death would hide it: a rate needs a value before. */
const NO_DEATHS = { WORKER_EXITED: 0, WORKER_OUT_OF_MEMORY: 0, WORKER_TIMEOUT: 0, WORKER_CRASHED: 0 };

export function workerFamilies(
  { threads, threadsBusy }: RunStatus,
  { records, tasks, loopActiveMs, gcBy, deathsBy }: WorkersSnapshot,
): readonly MetricFamily[] {
  return [
    gauge('kd_workers', 'Worker threads', threads),
    gauge(
      'kd_worker_busy_ratio',
      'Share of the worker threads at work at this moment',
      threads > 0 ? threadsBusy / threads : 0,
    ),
    histogram('kd_worker_task_seconds', 'Time that a worker spent on a batch, or a part of one', [
      { labels: {}, distribution: ofLatency(tasks) },
    ]),
    counter('kd_worker_busy_seconds_total', 'Time that workers had a task', tasks.sumMs / 1000),
    counter(
      'kd_worker_loop_active_seconds_total',
      "Time that workers' event loops ran code",
      loopActiveMs / 1000,
    ),
    {
      name: 'kd_worker_gc_seconds',
      help: 'Garbage collections in all workers, by kind',
      type: 'summary',
      samples: GC_KINDS.flatMap((kind) => [
        { name: 'kd_worker_gc_seconds_sum', labels: { kind }, value: gcBy[kind].ms / 1000 },
        { name: 'kd_worker_gc_seconds_count', labels: { kind }, value: gcBy[kind].collections },
      ]),
    },
    counter('kd_worker_records_total', 'Records given to workers; again if they ran again', records),
    {
      name: 'kd_worker_deaths_total',
      help: 'Worker threads that died and were replaced',
      type: 'counter',
      samples: Object.entries({ ...NO_DEATHS, ...deathsBy }).map(([code, value]) => ({
        labels: { code },
        value,
      })),
    },
  ];
}
