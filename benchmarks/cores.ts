/** What more worker threads gain, and what they cost the main thread. */
import { KD_RAW, type KdVariant, kd } from './contenders.js';
import { type Ground, say } from './ground.js';
import { median } from './stats.js';
import { table, thousands, withRange } from './tables.js';
import { type Fillings, measureThroughput, type Score } from './throughput.js';

/** One thread and two do the same work: on two cores the broker has what is left. */
const BURN_THREADS = [1, 2];
const BURN_RECORDS = 150_000;

const NAP_THREADS = 16;
const NAP_RECORDS = 800_000;
/** As in benchmarks/transforms/nap.ts, which sleeps once per so many records. */
const NAP_BATCH_RECORDS = 400;
const NAP_IN_FLIGHT = '128MiB';
const MS = 1_000;

export interface CoresScore {
  readonly burning: readonly Score[];
  readonly main: MainThreadScore;
}

/** Of a run whose workers sleep, so that there are more of them than cores. */
export interface MainThreadScore {
  readonly threads: number;
  readonly batchRecords: number;
  readonly batchesPerSecond: number;
  /** CPU of the main thread per batch, start taken off: the median of the rounds. */
  readonly msPerBatch: number;
  readonly msPerBatchOfRounds: readonly number[];
}

interface CoresOptions {
  readonly partitions: number;
  readonly runs: number;
}

export async function measureCores(ground: Ground, { partitions, runs }: CoresOptions): Promise<CoresScore> {
  const fill = (records: number): ReturnType<Ground['fill']> =>
    ground.fill({ seed: 7, records, partitions, format: 'avro' });
  const [burn, nap, tiny] = [await fill(BURN_RECORDS), await fill(NAP_RECORDS), await fill(partitions)];
  const fillings: Fillings = { avro: burn, json: burn, tinyAvro: tiny, tinyJson: tiny };
  const burning = await measureThroughput(ground, BURN_THREADS.map(burner), fillings, { runs });
  const starts: number[] = [];
  const wholes: { mainSeconds: number; seconds: number }[] = [];
  for (let round = 0; round < runs; round++) {
    const start = await ground.run(NAPPER, tiny);
    starts.push(start.mainSeconds);
    wholes.push(await ground.run(NAPPER, nap));
  }
  await ground.cluster.tool.deleteTopics([burn.topic, nap.topic, tiny.topic]);
  return { burning, main: mainThread(median(starts), wholes) };
}

function mainThread(
  startSeconds: number,
  wholes: readonly { readonly mainSeconds: number; readonly seconds: number }[],
): MainThreadScore {
  const batches = NAP_RECORDS / NAP_BATCH_RECORDS;
  const costs = wholes.map(({ mainSeconds }) => ((mainSeconds - startSeconds) / batches) * MS);
  const score = {
    threads: NAP_THREADS,
    batchRecords: NAP_BATCH_RECORDS,
    batchesPerSecond: batches / median(wholes.map(({ seconds }) => seconds)),
    msPerBatch: median(costs),
    msPerBatchOfRounds: costs,
  };
  say(`${NAP_THREADS} threads: ${score.msPerBatch.toFixed(3)} ms of the main thread per batch`);
  return score;
}

function burner(threads: number): ReturnType<typeof kd> {
  return kd(variant(`burn-${threads}`, 'burn.ts', { threads }));
}

const NAPPER = kd(
  variant('nap', 'nap.ts', {
    threads: NAP_THREADS,
    batch: { 'records-max': NAP_BATCH_RECORDS },
    'in-flight': { 'bytes-max': NAP_IN_FLIGHT },
  }),
);

function variant(id: string, transform: string, dispatcher: Readonly<Record<string, unknown>>): KdVariant {
  return { ...KD_RAW, id, title: id, transform, dispatcher };
}

export function coresBody({ burning, main }: CoresScore): string {
  const rows = burning.map((score, index) => [
    String(BURN_THREADS[index] ?? ''),
    thousands(score.recordsPerSecond),
    withRange(score.cpuMicros, score.cpuMicrosOfRounds),
  ]);
  const { threads, batchRecords, batchesPerSecond, msPerBatch, msPerBatchOfRounds } = main;
  const percent = Math.round(((msPerBatch * batchesPerSecond) / MS) * 100);
  const bearable = Math.round(MS / msPerBatch).toLocaleString('en-US');
  return `A function that computes for about 20 µs per record, over ${BURN_RECORDS.toLocaleString('en-US')}
records; broker and kd share the cores.

${table(['threads', 'records/s', 'CPU µs/record (range)'], rows)}

With ${threads} threads whose function sleeps, batches of ${batchRecords} records cost the main thread
${withRange(msPerBatch, msPerBatchOfRounds)} ms of CPU each, at ${batchesPerSecond.toFixed(0)} batches/s
(the time of starting and leaving included): ${percent} % of its time. It would bear about
${bearable} batches/s.`;
}
