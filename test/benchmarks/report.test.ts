import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Measured } from '../../benchmarks/circumstances.js';
import type { LatencyScore } from '../../benchmarks/latency.js';
import { readResults, writeReport } from '../../benchmarks/report.js';

const folder = await mkdtemp(join(tmpdir(), 'kd-report-'));
after(() => rm(folder, { recursive: true, force: true }));

function score(id: string | undefined, recordsPerSecond: number, p50Ms: number): LatencyScore {
  return { id, title: id ?? 'alone', recordsPerSecond, p50Ms, p99Ms: 1, p999Ms: 1, maxMs: 1 };
}

function measured<T>(result: T): Measured<T> {
  const machine = {
    ...{ cpu: 'c', cores: 2, memoryGiB: 4, kernel: 'k', node: 'v20', librdkafka: '2', java: '17' },
    ...{ commit: 'abc1234', date: '2026-11-29', loadBefore: 0.1 },
  };
  return { machine, options: { records: 1, size: 1, partitions: 1, runs: 1 }, command: 'make bench', result };
}

test('latency is compared with the floor that has the same settings and rate', async () => {
  const scores = [
    score(undefined, 1000, 1),
    score('floor-pass', 1000, 8),
    score('kd-pass', 1000, 10),
    score('floor-pass-latency', 1000, 2),
    score('kd-pass-latency', 1000, 3),
    score('floor-pass', 5000, 20),
    score('kd-pass', 5000, 30),
  ];
  const startStop = { firstRecordOutMs: 300, drainMs: 30 };
  await writeReport(folder, { latency: measured({ scores, startStop }) });
  const report = await readFile(join(folder, 'RESULTS.md'), 'utf8');
  const ratios = [...report.matchAll(/^\| ([\w-]+) +\| +\dk \| +([\d.]* ?×?) +\|/gm)].map((row) => [
    row[1],
    row[2],
  ]);
  assert.deepEqual(ratios, [
    ['alone', ''],
    ['floor-pass', '1.00 ×'],
    ['kd-pass', '1.25 ×'],
    ['floor-pass-latency', '1.00 ×'],
    ['kd-pass-latency', '1.50 ×'],
    ['floor-pass', '1.00 ×'],
    ['kd-pass', '1.50 ×'],
  ]);
});

test('the main thread is reported per batch, with what it would bear', async () => {
  const burning = [1, 2].map((threads) => ({
    ...{ id: `burn-${threads}`, title: '', records: 1, cpuMicros: 21, cpuMicrosOfRounds: [20, 22] },
    ...{ cpuMicrosWhole: 21, startCpuSeconds: 0, recordsPerSecond: threads * 40_000, rssPeakBytes: 1 },
  }));
  const main = {
    ...{ threads: 16, batchRecords: 400, batchesPerSecond: 400, msPerBatch: 0.25 },
    msPerBatchOfRounds: [0.2, 0.3],
  };
  await writeReport(folder, { ...(await readResults(folder)), cores: measured({ burning, main }) });
  const report = await readFile(join(folder, 'RESULTS.md'), 'utf8');
  assert.match(report, /\| 2 +\| +80k \| +21\.00 \(20\.00–22\.00\) \|/);
  assert.match(report, /0\.25 \(0\.20–0\.30\) ms of CPU each, at 400 batches\/s/);
  assert.match(report, /10 % of its time\. It would bear about\s+4,000 batches\/s/);
});

test('what was written by hand stays, and a part that is not measured again keeps its figures', async () => {
  const file = join(folder, 'RESULTS.md');
  await writeFile(file, `${await readFile(file, 'utf8')}\nWords of a person.\n`);
  const micro = [{ name: 'wire', nanoseconds: 12, unit: 'record' as const }];
  await writeReport(folder, { ...(await readResults(folder)), micro: measured(micro) });
  const report = await readFile(file, 'utf8');
  assert.match(report, /Words of a person\.\n$/);
  assert.match(report, /## Latency end to end/);
  assert.match(report, /\| wire +\| +12 \| record \|/);
});
