/**
 * `make bench`: measures the product against the C floor and stock node-rdkafka on a real broker; writes
 * RESULTS.md, results.json and results.svg.
 */
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../test/support/paths.js';
import type { Circumstances } from './circumstances.js';
import {
  floor,
  KD_AVRO,
  KD_JSON,
  KD_PASS,
  KD_PASS_AT_ONCE,
  KD_PASS_LATENCY,
  KD_PASS_SMALL,
  KD_RAW,
  kd,
  stock,
} from './contenders.js';
import { measureCores } from './cores.js';
import { Ground, say } from './ground.js';
import { measureLatency, measureStartStop } from './latency.js';
import { type LowRateScore, measureLowRate } from './lowrate/lowrate.js';
import { describeMachine } from './machine.js';
import { measureMicro } from './micro/main.js';
import { type BenchOptions, type Part, parseOptions } from './options.js';
import { PEER_JOBS, type PeerJob } from './peers/jobs.js';
import { replaceJob } from './peers/report.js';
import { measurePeers, rivalsInBetween } from './peers/rounds.js';
import { type Results, readResults, writeReport } from './report.js';
import { measureScrapes } from './scrapes/scrapes.js';
import { type Fillings, measureThroughput, type Score } from './throughput.js';
import { measureTls, type TlsScore } from './tls.js';

/**
 * Stock node-rdkafka takes many times as long: it gets fewer records, which its µs/record does not notice.
 */
const STOCK_RECORDS_MAX = 1_000_000;
const STOCK_REPORTS_RECORDS_MAX = 500_000;
const PARTITION_COUNTS = [1, 8, 32, 100];
const LARGE_BYTES = 10_240;
const LARGE_RECORDS = 200_000;
const LOW_RATES = [0, 100, 1_000];
/** For a machine on which pass-through was never measured. */
const RATE_MAX_GUESS = 200_000;
const QUIET_LOAD = 0.5;

/**
 * The contenders' input: as many records as the options say, and one record per partition for the cost of the
 * start.
 */
async function fill(ground: Ground, { records, size: bytes, partitions }: BenchOptions): Promise<Fillings> {
  const shape = { partitions, bytes };
  return {
    avro: await ground.fill({ ...shape, seed: 1, records, format: 'avro' }),
    json: await ground.fill({ ...shape, seed: 2, records, format: 'json', bytes: Math.round(bytes * 1.7) }),
    tinyAvro: await ground.fill({ ...shape, seed: 3, records: partitions, format: 'avro' }),
    tinyJson: await ground.fill({ ...shape, seed: 4, records: partitions, format: 'json' }),
  };
}

async function throughput(ground: Ground, options: BenchOptions): Promise<Score[]> {
  const fillings = await fill(ground, options);
  const others = [
    floor('pass'),
    floor('consume'),
    stock(false, STOCK_RECORDS_MAX),
    stock(true, STOCK_REPORTS_RECORDS_MAX),
  ];
  const ours = [KD_PASS, KD_PASS_SMALL, KD_RAW, KD_AVRO, KD_JSON].map((variant) => kd(variant));
  const wanted = [...others, ...ours].filter(({ id }) =>
    options.match.some((prefix) => id.startsWith(prefix)),
  );
  return measureThroughput(ground, wanted, fillings, options);
}

async function tls(
  ground: Ground,
  { records, size: bytes, partitions, runs }: BenchOptions,
): Promise<TlsScore> {
  const contenders = [floor('pass'), kd(KD_PASS), kd(KD_AVRO)];
  return onAvro(ground, { records, bytes, partitions }, (fillings) =>
    measureTls(ground, contenders, fillings, runs),
  );
}

interface Shape {
  readonly records: number;
  readonly partitions: number;
  readonly bytes: number;
}

async function onAvro<T>(
  ground: Ground,
  shape: Shape,
  measure: (fillings: Fillings) => Promise<T>,
): Promise<T> {
  const full = await ground.fill({ ...shape, seed: 5, format: 'avro' });
  const tiny = await ground.fill({ ...shape, seed: 6, format: 'avro', records: shape.partitions });
  const result = await measure({ avro: full, json: full, tinyAvro: tiny, tinyJson: tiny });
  await ground.cluster.tool.deleteTopics([full.topic, tiny.topic]);
  return result;
}

async function pair(ground: Ground, shape: Shape, runs: number): Promise<Score[]> {
  return onAvro(ground, shape, (fillings) =>
    measureThroughput(ground, [floor('pass'), kd(KD_PASS)], fillings, { runs }),
  );
}

type PartitionRows = NonNullable<Results['partitions']>['result'];

async function byPartitions(ground: Ground, options: BenchOptions): Promise<PartitionRows> {
  const rows = [];
  for (const partitions of PARTITION_COUNTS) {
    const shape = { records: Math.ceil(options.records / 2), partitions, bytes: options.size };
    const [base, ours] = await pair(ground, shape, options.runs);
    if (base !== undefined && ours !== undefined) {
      rows.push({ partitions, floor: base, kd: ours });
    }
  }
  return rows;
}

function peerJobs({ jobs }: BenchOptions): readonly PeerJob[] {
  return PEER_JOBS.filter(({ id }) => jobs.length === 0 || jobs.includes(id));
}

async function latency(
  ground: Ground,
  options: BenchOptions,
  rateMax: number,
): Promise<NonNullable<Results['latency']>['result']> {
  const { partitions, runs } = options;
  const half = Math.round(rateMax / 2);
  const rates = options.rates.map((rate) => (rate === 'half' ? half : rate));
  const product = kd(KD_PASS, 'forever');
  const between = [
    floor('pass'),
    product,
    floor('pass', 'latency'),
    kd(KD_PASS_LATENCY, 'forever'),
    ...(await rivalsInBetween(options.match)),
  ];
  const scores = await measureLatency(ground, between, { rates, partitions, runs });
  return {
    scores,
    startStop: await measureStartStop(ground, product, { rate: Math.max(...rates), partitions, runs }),
  };
}

async function lowRate(ground: Ground, { match, partitions, runs }: BenchOptions): Promise<LowRateScore[]> {
  const ours = [KD_PASS, KD_PASS_AT_ONCE, KD_AVRO].map((variant) => kd(variant, 'forever'));
  const wanted = [floor('pass'), stock(true, STOCK_REPORTS_RECORDS_MAX), ...ours].filter(({ id }) =>
    match.some((prefix) => id.startsWith(prefix)),
  );
  const contenders = [...wanted, ...(await rivalsInBetween(match))];
  return measureLowRate(ground, contenders, { rates: LOW_RATES, partitions, runs });
}

/** Measures the wanted parts one after the other; each is written down as soon as it is there. */
async function measureParts(
  ground: Ground,
  options: BenchOptions,
  circumstances: Circumstances,
): Promise<void> {
  let results = await readResults(options.out);
  const keep = async <T>(part: Part, result: T): Promise<void> => {
    results = { ...results, [part]: { ...circumstances, result } };
    await writeReport(options.out, results);
  };
  const add = async <T>(part: Part, measure: () => Promise<T>): Promise<void> => {
    if (!options.parts.has(part)) return;
    say(`part ${part}`);
    await keep(part, await measure());
  };
  const large = {
    records: Math.min(LARGE_RECORDS, options.records),
    partitions: options.partitions,
    bytes: LARGE_BYTES,
  };
  const rateMax = (): number =>
    results.throughput?.result.find((score) => score.id === KD_PASS.id)?.recordsPerSecond ?? RATE_MAX_GUESS;
  await add('throughput', () => throughput(ground, options));
  await add('tls', () => tls(ground, options));
  await add('large', () => pair(ground, large, options.runs));
  await add('partitions', () => byPartitions(ground, options));
  await add('latency', () => latency(ground, options, rateMax()));
  await add('lowrate', () => lowRate(ground, options));
  await add('cores', () => measureCores(ground, options));
  await add('micro', measureMicro);
  await add('scrapes', () => measureScrapes(ground, options));
  if (!options.parts.has('peers')) return;
  say('part peers');
  await measurePeers(ground, peerJobs(options), options, async (score) => {
    const peers = replaceJob(results.peers ?? [], { ...circumstances, result: score });
    results = { ...results, peers };
    await writeReport(options.out, results);
  });
}

function commandLine(): string {
  const words = process.argv.slice(2);
  return words.length === 0 ? 'make bench' : `make bench -- ${words.join(' ')}`;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), join(projectRoot, 'benchmarks'));
  execFileSync(join(projectRoot, 'benchmarks', 'floor', 'build.sh'), { stdio: 'inherit' });
  if ((loadavg()[0] ?? 0) > QUIET_LOAD) {
    say(`the machine is not idle (load ${(loadavg()[0] ?? 0).toFixed(2)}): expect worse and wider figures`);
  }
  const { records, size, partitions, runs } = options;
  const circumstances = {
    machine: describeMachine(),
    options: { records, size, partitions, runs },
    command: commandLine(),
  };
  const secure = options.parts.has('peers') && peerJobs(options).some(({ listener }) => listener === 'TLS');
  const ground = await Ground.open({ tls: options.parts.has('tls') || secure });
  try {
    await measureParts(ground, options, circumstances);
    say(`written: ${join(options.out, 'RESULTS.md')}`);
  } finally {
    await ground.close();
  }
}

await main();
