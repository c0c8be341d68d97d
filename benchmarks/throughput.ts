/**
 * CPU per record, rate and memory of all contenders, in turn and interleaved.
 * Joining a group, connecting, starting Node: every program pays something before the first record and after
 * the last. It is measured by a run over a handful of records and taken off, the same way for all; the whole
 * of it is reported beside.
 */
import type { Contender } from './contenders.js';
import type { Filled, Ground, Inspect, Run } from './ground.js';
import { say } from './ground.js';
import { median } from './stats.js';

export interface Score {
  readonly id: string;
  readonly title: string;
  readonly records: number;
  /** CPU of the whole process a record, start taken off: the median of the rounds. */
  readonly cpuMicros: number;
  readonly cpuMicrosOfRounds: readonly number[];
  /** The same with the start in it. */
  readonly cpuMicrosWhole: number;
  readonly startCpuSeconds: number;
  readonly recordsPerSecond: number;
  readonly rssPeakBytes: number;
}

export interface Fillings {
  readonly avro: Filled;
  readonly json: Filled;
  /** One record per partition. */
  readonly tinyAvro: Filled;
  readonly tinyJson: Filled;
}

export interface Rounds {
  readonly runs: number;
  /** Looks at the outputs of the first round; unless said otherwise they must be what the recipe wants. */
  readonly inspect?: Inspect;
}

const MICROS = 1e6;

export async function measureThroughput(
  ground: Ground,
  contenders: readonly Contender[],
  fillings: Fillings,
  { runs, inspect = ground.check }: Rounds,
): Promise<Score[]> {
  const starts = new Map<string, Run[]>();
  const wholes = new Map<string, Run[]>();
  for (let round = 0; round < runs; round++) {
    // Each round begins with a different contender, so that none always runs after the same one.
    const order = contenders
      .map((_, index) => contenders[(index + round) % contenders.length])
      .filter((contender) => contender !== undefined);
    for (const contender of order) {
      const json = contender.format === 'json';
      const start = await ground.run(contender, json ? fillings.tinyJson : fillings.tinyAvro);
      const whole = await ground.run(
        contender,
        json ? fillings.json : fillings.avro,
        round === 0 ? inspect : undefined,
      );
      append(starts, contender.id, start);
      append(wholes, contender.id, whole);
      say(
        `${contender.id}: ${((whole.cpuSeconds / whole.records) * MICROS).toFixed(3)} µs a record, ` +
          `${whole.seconds.toFixed(1)} s, start ${start.cpuSeconds.toFixed(2)} s CPU`,
      );
    }
  }
  return contenders.map((contender) =>
    score(contender, starts.get(contender.id) ?? [], wholes.get(contender.id) ?? []),
  );
}

function append(map: Map<string, Run[]>, key: string, run: Run): void {
  map.set(key, [...(map.get(key) ?? []), run]);
}

function score(contender: Contender, starts: readonly Run[], wholes: readonly Run[]): Score {
  const startCpuSeconds = median(starts.map((run) => run.cpuSeconds));
  const startSeconds = median(starts.map((run) => run.seconds));
  const cpu = wholes.map((run) => ((run.cpuSeconds - startCpuSeconds) / run.records) * MICROS);
  return {
    id: contender.id,
    title: contender.title,
    records: wholes[0]?.records ?? 0,
    cpuMicros: median(cpu),
    cpuMicrosOfRounds: cpu,
    cpuMicrosWhole: median(wholes.map((run) => (run.cpuSeconds / run.records) * MICROS)),
    startCpuSeconds,
    recordsPerSecond: median(wholes.map((run) => run.records / Math.max(run.seconds - startSeconds, 0.001))),
    rssPeakBytes: median(wholes.map((run) => run.rssPeakBytes)),
  };
}
