import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly records: number;
  /** Bytes of a value. */
  readonly size: number;
  readonly partitions: number;
  /** Rounds; every contender runs once in each. */
  readonly runs: number;
  /** Parts to measure. */
  readonly parts: ReadonlySet<Part>;
  /** Beginnings of the ids to run ([''] = all), e.g. floor, stock, kd-pass. */
  readonly match: readonly string[];
  /** Folder for RESULTS.md and results.svg. */
  readonly out: string;
}

export const PARTS = ['throughput', 'latency', 'partitions', 'large', 'micro'] as const;
export type Part = (typeof PARTS)[number];

const USAGE = `make bench ARGS="…"
  --records N      [2000000] records a run
  --size BYTES     [98] bytes of a value
  --partitions N   [8]
  --runs N         [3] rounds; medians are reported
  --only LIST      [${PARTS.join(',')}]
  --match LIST     [all] contenders whose id begins so: floor,stock,kd-pass,kd-raw,kd-avro,kd-json
  --out FOLDER     [benchmarks]`;

export function parseOptions(args: readonly string[], defaultOut: string): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: '2000000' },
      size: { type: 'string', default: '98' },
      partitions: { type: 'string', default: '8' },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', default: PARTS.join(',') },
      match: { type: 'string', default: '' },
      out: { type: 'string', default: defaultOut },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  return {
    records: positive('--records', values.records),
    size: positive('--size', values.size),
    partitions: positive('--partitions', values.partitions),
    runs: positive('--runs', values.runs),
    parts: new Set(values.only.split(',').map(part)),
    match: values.match.split(','),
    out: values.out,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`${name} must be a whole number above 0, not ${text}\n${USAGE}`);
  }
  return value;
}

function part(text: string): Part {
  const found = PARTS.find((name) => name === text);
  if (found === undefined) {
    throw new Error(`--only knows ${PARTS.join(', ')}, not ${text}\n${USAGE}`);
  }
  return found;
}
