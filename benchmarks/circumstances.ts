/** Under what conditions a part was measured, for the files and in words. */
import type { Machine } from './machine.js';
import type { BenchOptions } from './options.js';

/** Where, when and how a part was measured. */
export interface Circumstances {
  readonly machine: Machine;
  readonly options: Pick<BenchOptions, 'records' | 'size' | 'partitions' | 'runs'>;
  readonly command: string;
}

export interface Measured<T> extends Circumstances {
  readonly result: T;
}

export function conditions({ machine, options, command }: Circumstances): string {
  const place =
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ` +
    `${machine.kernel}, load before the run ${machine.loadBefore.toFixed(2)}`;
  const versions =
    `Node ${machine.node}, librdkafka ${machine.librdkafka}, Apache Kafka 4.3.1 on Java ` +
    `${machine.java}, one broker`;
  const load =
    `records of ${options.size} bytes, up to ${options.records.toLocaleString('en-US')} a ` +
    `run, ${options.partitions} partitions, ${options.runs} ${options.runs === 1 ? 'round' : 'rounds'}`;
  return (
    `Commit ${machine.commit}, ${machine.date}: \`${command}\`; unless the table says otherwise, ` +
    `${load}. ${place}. ${versions}.`
  );
}
