/**
 * What a daemon costs at moderate rates: CPU of a program that copies a topic while records come in one by
 * one, and their time from end to end.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../contenders.js';
import { type Ground, say } from '../ground.js';
import { type Meter, meterCommand, startForever } from '../latency.js';
import { startMeasured } from '../measure.js';
import { median } from '../stats.js';
import { table, withRange } from '../tables.js';

export interface LowRateScore {
  readonly id: string;
  readonly title: string;
  readonly recordsPerSecond: number;
  /** Of each round. */
  readonly corePercent: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LowRateOptions {
  /** Records per second; 0: nothing comes in. */
  readonly rates: readonly number[];
  readonly partitions: number;
  readonly runs: number;
}

/** Engines go on compiling for this long. */
const WARM_UP_SECONDS = 20;
const SECONDS = 12;
/** The meter still sends when the last look at the CPU is taken. */
const AFTER_SECONDS = 2;
/** Neighbouring records go to different partitions. */
const RUN_RECORDS = 1;
/** Of the kernel (USER_HZ). */
const TICKS_PER_SECOND = 100;

interface Round {
  readonly corePercent: number;
  readonly meter: Meter | undefined;
}

export async function measureLowRate(
  ground: Ground,
  contenders: readonly Contender[],
  options: LowRateOptions,
): Promise<LowRateScore[]> {
  const scores: LowRateScore[] = [];
  for (const rate of options.rates) {
    const rounds: Round[][] = contenders.map(() => []);
    for (let run = 0; run < options.runs; run++)
      for (const [index, contender] of contenders.entries())
        rounds[index]?.push(await measureOne(ground, contender, { rate, partitions: options.partitions }));
    scores.push(...contenders.map((contender, index) => scoreOf(contender, rate, rounds[index] ?? [])));
  }
  return scores;
}

function scoreOf({ id, title }: Contender, recordsPerSecond: number, rounds: readonly Round[]): LowRateScore {
  const of = (pick: (meter: Meter) => number): number =>
    median(rounds.flatMap(({ meter }) => (meter === undefined ? [] : [pick(meter)])));
  return {
    id,
    title,
    recordsPerSecond,
    corePercent: rounds.map(({ corePercent }) => corePercent),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
  };
}

async function measureOne(
  ground: Ground,
  contender: Contender,
  { rate, partitions }: { readonly rate: number; readonly partitions: number },
): Promise<Round> {
  const { program, topics } = await startForever(ground, contender, partitions);
  const seconds = WARM_UP_SECONDS + SECONDS + AFTER_SECONDS;
  const command = meterCommand(ground, topics, { rate, partitions, seconds, warmUpSeconds: WARM_UP_SECONDS });
  const meter = rate === 0 ? undefined : await startMeasured([...command, '-k', String(RUN_RECORDS)]);
  await sleep(WARM_UP_SECONDS * 1_000);
  const [pid, before, beganMs] = [program.pid(), cpuSeconds(program.pid()), performance.now()];
  await sleep(SECONDS * 1_000);
  const corePercent = ((cpuSeconds(pid) - before) / (performance.now() - beganMs)) * 1_000 * 100;
  const metered = await meter?.ended;
  program.signal('SIGTERM');
  await program.ended;
  await ground.cluster.tool.deleteTopics([topics.input, topics.output]);
  say(`${contender.id} at ${rate}/s: ${corePercent.toFixed(2)} % of a core`);
  return { corePercent, meter: metered === undefined ? undefined : (JSON.parse(metered.stdout) as Meter) };
}

/** User and system time of a process with all its threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

export function lowRateBody(scores: readonly LowRateScore[]): string {
  const rows = scores.map(({ title, recordsPerSecond, corePercent, p50Ms, p99Ms }) => [
    title,
    recordsPerSecond.toLocaleString('en-US'),
    withRange(median(corePercent), corePercent),
    recordsPerSecond === 0 ? '' : ((median(corePercent) * 10_000) / recordsPerSecond).toFixed(0),
    ...(recordsPerSecond === 0 ? ['', ''] : [p50Ms.toFixed(1), p99Ms.toFixed(1)]),
  ]);
  return `Records come in one by one, each to the next partition, over ${SECONDS} s after
${WARM_UP_SECONDS} s of warming up. Here a program pays for waking up, not for records. The C floor and
stock node-rdkafka copy the topic by hand; node-rdkafka counts delivery reports, and commits nothing.

${table(['', 'records/s', '% of a core (range)', 'CPU µs/record', 'p50 ms', 'p99 ms'], rows)}`;
}
