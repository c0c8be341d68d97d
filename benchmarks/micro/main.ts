/** The parts by themselves: `node build/benchmarks/micro/main.js`, or the last section of `make bench`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Bench } from 'tinybench';
import { addCodecTasks, CODEC_ROWS } from './codec.bench.js';
import { addJsonTasks, JSON_ROWS } from './json.bench.js';
import { addTrackerTasks, TRACKED_BATCHES } from './tracker.bench.js';

export interface MicroScore {
  readonly name: string;
  /** Median, per record or batch. */
  readonly nanoseconds: number;
  readonly unit: 'record' | 'batch';
}

const run = promisify(execFile);
const MILLISECONDS_EACH = 500;
const AVRO_LINE = /^ {2}(.+?) +median +(\d+) ns/gm;

export async function measureMicro(): Promise<MicroScore[]> {
  const bench = new Bench({ time: MILLISECONDS_EACH });
  addCodecTasks(bench);
  addTrackerTasks(bench);
  addJsonTasks(bench);
  await bench.run();
  const scores = bench.tasks.map((task): MicroScore => {
    const { result } = task;
    if (!('latency' in result)) {
      throw new Error(`${task.name} has no result`);
    }
    const perRecord = !task.name.startsWith('core');
    const rows = task.name.startsWith('json') ? JSON_ROWS : CODEC_ROWS;
    const nanoseconds = (result.latency.p50 * 1e6) / (perRecord ? rows : TRACKED_BATCHES);
    return { name: task.name, nanoseconds, unit: perRecord ? 'record' : 'batch' };
  });
  return [...scores, ...(await avro())];
}

/** It measures whole batches by hand, as a worker meets them; only its ASCII half is shown. */
async function avro(): Promise<MicroScore[]> {
  const { stdout } = await run(process.execPath, [fileURLToPath(new URL('avro.bench.js', import.meta.url))]);
  const ascii = stdout.slice(0, stdout.indexOf('not ASCII'));
  return [...ascii.matchAll(AVRO_LINE)].map((match) => ({
    name: `avro: ${match[1] ?? ''}`,
    nanoseconds: Number(match[2]),
    unit: 'record',
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, nanoseconds, unit } of await measureMicro()) {
    process.stdout.write(`${nanoseconds.toFixed(0).padStart(6)} ns a ${unit}  ${name}\n`);
  }
}
