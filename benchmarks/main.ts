/** `make bench`: measures the product against the C floor and stock node-rdkafka on a real broker; writes RESULTS.md and results.svg. */
import { execFileSync, spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { kdEntry } from '../test/support/kd.js';
import { projectRoot } from '../test/support/paths.js';
import { type Contender, floor, KD_AVRO, KD_JSON, KD_PASS, KD_RAW, kd, stock } from './contenders.js';
import { Ground, say } from './ground.js';
import { type LatencyScore, measureDirectLatency, measureKdLatency, measureStartStop } from './latency.js';
import { describeMachine } from './machine.js';
import { measureMicro } from './micro/main.js';
import { type BenchOptions, type Part, parseOptions } from './options.js';
import { type Results, writeReport } from './report.js';
import { measureThroughput, type Score } from './throughput.js';

/** Stock node-rdkafka takes many times as long: it gets fewer records, which its µs/record does not notice. */
const STOCK_RECORDS_MAX = 1_000_000;
const STOCK_REPORTS_RECORDS_MAX = 500_000;
const PARTITION_COUNTS = [1, 8, 32, 100];
const LARGE_BYTES = 10_240;
const LARGE_RECORDS = 200_000;
const CALM_RATE = 100_000;
const QUIET_LOAD = 0.5;

async function throughput(ground: Ground, options: BenchOptions, product: boolean): Promise<Score[]> {
  const { records, size: bytes, partitions } = options;
  const shape = { partitions, bytes };
  const fillings = {
    avro: await ground.fill({ ...shape, seed: 1, records, format: 'avro' }),
    json: await ground.fill({ ...shape, seed: 2, records, format: 'json', bytes: Math.round(bytes * 1.7) }),
    tinyAvro: await ground.fill({ ...shape, seed: 3, records: partitions, format: 'avro' }),
    tinyJson: await ground.fill({ ...shape, seed: 4, records: partitions, format: 'json' }),
  };
  const others = [floor('pass'), floor('consume'), stock(false, STOCK_RECORDS_MAX), stock(true, STOCK_REPORTS_RECORDS_MAX)];
  const ours = product ? [KD_PASS, KD_RAW, KD_AVRO, KD_JSON].map((variant) => kd(variant)) : [];
  const wanted = [...others, ...ours].filter(({ id }) => options.match.some((prefix) => id.startsWith(prefix)));
  return measureThroughput(ground, wanted, fillings, options.runs);
}

async function pair(
  ground: Ground,
  contenders: readonly Contender[],
  recipe: { records: number; partitions: number; bytes: number },
  runs: number,
): Promise<Score[]> {
  const full = await ground.fill({ ...recipe, seed: 5, format: 'avro' });
  const tiny = await ground.fill({ ...recipe, seed: 6, format: 'avro', records: recipe.partitions });
  const scores = await measureThroughput(ground, contenders, { avro: full, json: full, tinyAvro: tiny, tinyJson: tiny }, runs);
  await ground.cluster.tool.deleteTopics([full.topic, tiny.topic]);
  return scores;
}

async function byPartitions(ground: Ground, options: BenchOptions): Promise<Results['partitions']> {
  const rows = [];
  for (const partitions of PARTITION_COUNTS) {
    const recipe = { records: Math.ceil(options.records / 2), partitions, bytes: options.size };
    const [base, ours] = await pair(ground, [floor('pass'), kd(KD_PASS)], recipe, options.runs);
    if (base !== undefined && ours !== undefined) {
      rows.push({ partitions, floor: base, kd: ours });
    }
  }
  return rows;
}

async function latencies(ground: Ground, rateMax: number, partitions: number): Promise<LatencyScore[]> {
  const scores: LatencyScore[] = [];
  for (const rate of [CALM_RATE, Math.round(rateMax / 2)]) {
    scores.push(await measureDirectLatency(ground, rate, partitions));
    scores.push(await measureKdLatency(ground, KD_PASS, rate, partitions));
  }
  return scores;
}

function productRuns(): boolean {
  return spawnSync(process.execPath, [kdEntry(), 'run', '--help'], { stdio: 'ignore' }).status === 0;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), join(projectRoot, 'benchmarks'));
  execFileSync(join(projectRoot, 'benchmarks', 'floor', 'build.sh'), { stdio: 'inherit' });
  if ((loadavg()[0] ?? 0) > QUIET_LOAD) {
    say(`the machine is not idle (load ${(loadavg()[0] ?? 0).toFixed(2)}): expect worse and wider figures`);
  }
  const machine = describeMachine();
  const product = productRuns();
  if (!product) {
    say(`${kdEntry()} run does not work: only the floor and the baselines are measured`);
  }
  const wants = (part: Part): boolean => options.parts.has(part);
  const ground = await Ground.open();
  const { partitions, runs } = options;
  try {
    const scores = wants('throughput') ? await throughput(ground, options, product) : [];
    const large = { records: Math.min(LARGE_RECORDS, options.records), partitions, bytes: LARGE_BYTES };
    const rateMax = scores.find((score) => score.id === KD_PASS.id)?.recordsPerSecond ?? CALM_RATE * 2;
    const results: Results = {
      machine,
      options,
      command: `make bench${process.argv.length > 2 ? ` ARGS="${process.argv.slice(2).join(' ')}"` : ''}`,
      throughput: scores,
      large: wants('large') ? await pair(ground, product ? [floor('pass'), kd(KD_PASS)] : [floor('pass')], large, runs) : [],
      partitions: wants('partitions') && product ? await byPartitions(ground, options) : [],
      latency: wants('latency') && product ? await latencies(ground, rateMax, partitions) : [],
      startStop:
        wants('latency') && product
          ? await measureStartStop(ground, KD_PASS, { rate: Math.round(rateMax / 2), partitions, runs })
          : undefined,
      micro: wants('micro') ? await measureMicro() : [],
    };
    await writeReport(results);
    say(`written: ${join(options.out, 'RESULTS.md')}`);
  } finally {
    await ground.close();
  }
}

await main();
