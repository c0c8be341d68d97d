/** Time from end to end at fixed rates, time to the first record, and time to stop under load. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recipe } from '../test/support/java/requests.js';
import type { Contender } from './contenders.js';
import { type Ground, say } from './ground.js';
import { floorFolder, type RunningProgram, runMeasured, startMeasured } from './measure.js';
import { median } from './stats.js';

export interface LatencyScore {
  /** Of the program in between; undefined: none. */
  readonly id: string | undefined;
  readonly title: string;
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface StartStopScore {
  readonly firstRecordOutMs: number;
  readonly drainMs: number;
}

const SECONDS = 8;
const WARM_UP_SECONDS = 4;
const POLL_MS = 10;
const FLOW_TIMEOUT_MS = 30_000;
const LOAD_SECONDS = 4;

export interface Meter {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export function meterCommand(
  ground: Ground,
  topics: { readonly input: string; readonly output: string },
  options: { rate: number; partitions: number; seconds: number; warmUpSeconds?: number },
): string[] {
  const { rate, partitions, seconds, warmUpSeconds = WARM_UP_SECONDS } = options;
  const numbers = [
    '-p',
    String(partitions),
    '-r',
    String(rate),
    '-s',
    String(seconds),
    '-w',
    String(warmUpSeconds),
  ];
  return [
    join(floorFolder, 'latency'),
    '-b',
    ground.cluster.bootstrapServers,
    '-i',
    topics.input,
    '-o',
    topics.output,
    ...numbers,
  ];
}

export interface LatencyOptions {
  /** Records a second. */
  readonly rates: readonly number[];
  readonly partitions: number;
  readonly runs: number;
}

/** Kafka and the meter alone, then every contender in between: interleaved, at every rate. */
export async function measureLatency(
  ground: Ground,
  contenders: readonly Contender[],
  options: LatencyOptions,
): Promise<LatencyScore[]> {
  const { rates, partitions, runs } = options;
  const scores: LatencyScore[] = [];
  for (const rate of rates) {
    // A broker that has just started is slower: the first run at a rate does not count.
    await direct(ground, rate, partitions);
    const alone: LatencyScore[] = [];
    const inside: LatencyScore[][] = contenders.map(() => []);
    for (let round = 0; round < runs; round++) {
      alone.push(await direct(ground, rate, partitions));
      for (const [index, contender] of contenders.entries())
        inside[index]?.push(await inBetween(ground, contender, rate, partitions));
    }
    scores.push(...[alone, ...inside].map(medians));
  }
  return scores;
}

function medians(rounds: readonly LatencyScore[]): LatencyScore {
  const of = (pick: (score: LatencyScore) => number): number => median(rounds.map(pick));
  return {
    id: rounds[0]?.id,
    title: rounds[0]?.title ?? '',
    recordsPerSecond: of((score) => score.recordsPerSecond),
    p50Ms: of((score) => score.p50Ms),
    p99Ms: of((score) => score.p99Ms),
    p999Ms: of((score) => score.p999Ms),
    maxMs: of((score) => score.maxMs),
  };
}

/** The lower bound for any program in between. */
async function direct(ground: Ground, rate: number, partitions: number): Promise<LatencyScore> {
  const topic = await ground.emptyOutput(partitions);
  const cost = await runMeasured(
    meterCommand(ground, { input: topic, output: topic }, { rate, partitions, seconds: SECONDS }),
  );
  await ground.cluster.tool.deleteTopics([topic]);
  return scored({ id: undefined, title: 'Kafka and the meter alone' }, rate, cost.stdout);
}

async function inBetween(
  ground: Ground,
  contender: Contender,
  rate: number,
  partitions: number,
): Promise<LatencyScore> {
  const { program, topics } = await startForever(ground, contender, partitions);
  const cost = await runMeasured(meterCommand(ground, topics, { rate, partitions, seconds: SECONDS }));
  program.signal('SIGTERM');
  await program.ended;
  await ground.cluster.tool.deleteTopics([topics.input, topics.output]);
  return scored({ id: contender.id, title: `${contender.title} in between` }, rate, cost.stdout);
}

function scored(
  { id, title }: Pick<LatencyScore, 'id' | 'title'>,
  rate: number,
  stdout: string,
): LatencyScore {
  const { p50Ms, p99Ms, p999Ms, maxMs } = JSON.parse(stdout) as Meter;
  say(`${title} at ${Math.round(rate)}/s: p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms`);
  return { id, title, recordsPerSecond: rate, p50Ms, p99Ms, p999Ms, maxMs };
}

interface Running {
  readonly program: RunningProgram;
  readonly topics: { readonly input: string; readonly output: string };
  readonly firstRecordOutMs: number;
}

/**
 * Starts a contender that runs until it is stopped on a topic that holds a few records and waits until they
 * have come out.
 */
export async function startForever(
  ground: Ground,
  contender: Contender,
  partitions: number,
): Promise<Running> {
  const recipe: Recipe = { seed: 9, records: partitions * 100, partitions, format: 'avro' };
  const { topic: input } = await ground.fill(recipe);
  const output = await ground.emptyOutput(partitions);
  const command = await contender.command(ground.job(contender.listener, { input, output }, 0));
  const began = performance.now();
  const program = await startMeasured(command);
  let firstRecordOutMs: number | undefined;
  for (;;) {
    const ends = await ground.cluster.tool.endOffsets([output]);
    const out = ends.reduce((sum, end) => sum + end.offset, 0);
    if (out > 0) firstRecordOutMs ??= performance.now() - began;
    // All of them: the meter would take a late one for its own.
    if (firstRecordOutMs !== undefined && out >= recipe.records)
      return { program, topics: { input, output }, firstRecordOutMs };
    if (performance.now() - began > FLOW_TIMEOUT_MS) {
      program.signal('SIGKILL');
      const { stdout, stderr } = await program.ended;
      throw new Error(
        `${contender.id}: nothing came out within ${FLOW_TIMEOUT_MS} ms\n${stdout}\n${stderr.slice(-4000)}`,
      );
    }
    await sleep(POLL_MS);
  }
}

export async function measureStartStop(
  ground: Ground,
  contender: Contender,
  options: { rate: number; partitions: number; runs: number },
): Promise<StartStopScore> {
  const firsts: number[] = [];
  const drains: number[] = [];
  for (let run = 0; run < options.runs; run++) {
    const { program, topics, firstRecordOutMs } = await startForever(ground, contender, options.partitions);
    const load = await startMeasured(meterCommand(ground, topics, { ...options, seconds: LOAD_SECONDS }));
    await sleep((LOAD_SECONDS * 1000) / 2);
    const stopped = performance.now();
    program.signal('SIGTERM');
    const { code, stderr } = await program.ended;
    if (code !== 0) {
      throw new Error(`${contender.id}: SIGTERM ended with ${code}\n${stderr.slice(-4000)}`);
    }
    firsts.push(firstRecordOutMs);
    drains.push(performance.now() - stopped);
    // The meter waits in vain for the rest; what it prints is of no use here.
    load.signal('SIGTERM');
    await load.ended;
  }
  say(`first record out after ${median(firsts).toFixed(0)} ms, drained in ${median(drains).toFixed(0)} ms`);
  return { firstRecordOutMs: median(firsts), drainMs: median(drains) };
}
