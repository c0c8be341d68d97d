import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measured } from '../../benchmarks/circumstances.js';
import { marksOf } from '../../benchmarks/peers/marks.js';
import { peersBody, peersChart, replaceJob } from '../../benchmarks/peers/report.js';
import type { PeerScore } from '../../benchmarks/peers/rounds.js';

const MIB = 2 ** 20;

function job(id: string, micros: Readonly<Record<string, number>>, rssMiB = 100): PeerScore {
  const scores = Object.entries(micros).map(([program, cpuMicros]) => ({
    id: program,
    title: `by ${program}`,
    records: 1000,
    cpuMicros,
    cpuMicrosOfRounds: [cpuMicros],
    cpuMicrosWhole: cpuMicros,
    startCpuSeconds: 0,
    recordsPerSecond: 1,
    rssPeakBytes: (program.startsWith('kd') ? rssMiB : 999) * MIB,
  }));
  return { id, title: id, bytes: 98, partitions: 8, scores, versions: { Go: '1' } };
}

function seen(jobs: readonly PeerScore[], what: string, unit: string): number | undefined {
  const found = marksOf(jobs).find((mark) => mark.what === what && mark.unit === unit);
  assert.ok(found, `no mark ${what}`);
  return found.seen;
}

test('pass-through is compared with C and with Go', () => {
  const jobs = [job('pass', { floor: 2, go: 4, kd: 1 })];
  assert.equal(seen(jobs, 'pass-through', '× C'), 0.5);
  assert.equal(seen(jobs, 'pass-through', '× Go'), 0.25);
});

test('filters and routes are compared with kd’s pass-through, changes with the rival of the job', () => {
  const jobs = [
    job('pass', { kd: 2 }),
    job('route-json', { go: 9, kd: 9, 'kd-declared': 3 }),
    job('change-json', { go: 8, 'go-goccy': 4, kd: 6, 'kd-declared': 3 }),
  ];
  assert.equal(seen(jobs, 'route by one declared field, JSON', '× own pass-through'), 1.5);
  assert.equal(seen(jobs, 'JSON change, declared fields', '× Go, goccy'), 0.75);
  assert.equal(seen(jobs, 'JSON change, plain function', '× Go, encoding/json'), 0.75);
});

test('the worst job counts beside Kafka Streams and for memory', () => {
  const jobs = [job('pass', { streams: 8, kd: 1 }, 140), job('x', { streams: 8, kd: 1, 'kd-declared': 2 })];
  assert.equal(seen(jobs, 'the worst of these jobs beside Kafka Streams', '× Kafka Streams'), 0.25);
  assert.equal(seen(jobs, 'peak RSS with one worker, the largest of these jobs', 'MiB'), 140);
});

test('a mark without its figures was not measured, rather than met', () => {
  assert.equal(
    marksOf([]).every((mark) => mark.seen === undefined),
    true,
  );
  const text = peersBody([job('pass', { kd: 1 })]);
  assert.match(text, /\| pass-through +\| +1\.05 × C \| +\| not measured \|/);
});

test('the report says for each mark whether it is met', () => {
  const text = peersBody([job('pass', { floor: 1, go: 1, kd: 1.1 })]);
  assert.match(text, /\| pass-through +\| +1\.05 × C \| +1\.10 × C \| +missed \|/);
  assert.match(text, /\| pass-through +\| +1\.15 × Go \| +1\.10 × Go \| +met \|/);
});

test('measuring a job again replaces what was measured of it, and keeps the others in their order', () => {
  const measured = (id: string, command: string): Measured<PeerScore> => ({
    machine: {} as Measured<PeerScore>['machine'],
    options: { records: 1, size: 1, partitions: 1, runs: 1 },
    command,
    result: job(id, { kd: 1 }),
  });
  let all: Measured<PeerScore>[] = [];
  for (const [id, command] of [
    ['route-avro', 'first'],
    ['pass', 'first'],
    ['route-avro', 'second'],
  ] as const)
    all = replaceJob(all, measured(id, command));
  assert.deepEqual(
    all.map(({ result, command }) => [result.id, command]),
    [
      ['pass', 'first'],
      ['route-avro', 'second'],
    ],
  );
});

test('the picture has a bar for each program, and each group has its own scale', () => {
  const picture = peersChart([job('pass', { go: 1, kd: 2 }), job('x', { go: 30, kd: 15 })]);
  const widths = [...picture.matchAll(/<rect x="340"[^>]* width="([\d.]+)"/g)].map((match) =>
    Number(match[1]),
  );
  assert.deepEqual(widths, [225, 450, 450, 225]);
  assert.match(picture, />pass, 98 B, 8 partitions</);
  assert.match(picture, />15\.00 µs</);
});
