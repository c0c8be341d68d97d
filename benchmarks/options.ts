import { parseArgs } from 'node:util';
import { PEER_JOBS } from './peers/jobs.js';

export interface BenchOptions {
  readonly records: number;
  /** Bytes of a value. */
  readonly size: number;
  readonly partitions: number;
  /** Rounds; every contender runs once in each. */
  readonly runs: number;
  /** Parts to measure. */
  readonly parts: ReadonlySet<Part>;
  /** Prefixes of the ids to run ([''] = all), e.g. floor, stock, kd-pass. */
  readonly match: readonly string[];
  /** Jobs of the part peers; none: all. */
  readonly jobs: readonly string[];
  /** Records per second at which latency is measured; half: half of what pass-through reaches. */
  readonly rates: readonly (number | 'half')[];
  /** Folder for RESULTS.md, results.json and results.svg. */
  readonly out: string;
}

export const PARTS = [
  'throughput',
  'tls',
  'latency',
  'lowrate',
  'partitions',
  'large',
  'cores',
  'micro',
  'scrapes',
  'peers',
] as const;
export type Part = (typeof PARTS)[number];
/** The rivals need Go and Maven: only who asks for them gets them. */
const UNASKED = PARTS.filter((name) => name !== 'peers');

const DEFAULTS = {
  records: '2000000',
  size: '98',
  partitions: '8',
  runs: '3',
  match: '',
  jobs: '',
  rates: '100000,half',
};

const USAGE = `make bench, with options as in: make bench -- --only throughput,tls --runs 5
(or make bench ARGS="--only throughput,tls --runs 5")
  --only LIST      [all but peers] parts to measure; RESULTS.md keeps the others
                     throughput  copying a topic: the C floor, stock node-rdkafka, kd
                     tls         what TLS adds to the C floor and to kd
                     latency     end to end: Kafka alone, the C floor or kd in between; first record, stop
                     lowrate     CPU of a daemon at 0, 100 and 1,000 records/s
                     partitions  CPU by partitions
                     large       records of 10 KB
                     cores       a function of 20 µs with one thread and with two; the main thread with 16
                     micro       parts by themselves, without a broker
                     scrapes     what /metrics costs under load
                     peers       kd against hand-written Go and Kafka Streams; needs Go 1.26 and Maven
  --tls            only the part tls; with --only: that part too
  --peers          only the part peers; with --only: that part too
  --records N      [${DEFAULTS.records}] records per run
  --size BYTES     [${DEFAULTS.size}] bytes of a value
  --partitions N   [${DEFAULTS.partitions}]
  --runs N         [${DEFAULTS.runs}] rounds, interleaved; medians are reported
  --rates LIST     [${DEFAULTS.rates}] records/s of the part latency; half: half of the last rate of kd's
                   pass-through
  --match LIST     [all] contenders of the parts throughput and peers, by the beginning of their id:
                   floor,stock,kd-pass,kd-raw,kd-avro,kd-json; peers: floor,go,streams,kd;
                   latency and lowrate have go and streams only if they are named
  --jobs LIST      [all] jobs of the part peers: ${PEER_JOBS.map(({ id }) => id).join(',')}
  --out FOLDER     [benchmarks] where RESULTS.md, results.json and results.svg are
  --help`;

export function parseOptions(args: readonly string[], defaultOut: string): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: DEFAULTS.records },
      size: { type: 'string', default: DEFAULTS.size },
      partitions: { type: 'string', default: DEFAULTS.partitions },
      runs: { type: 'string', default: DEFAULTS.runs },
      only: { type: 'string' },
      tls: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      rates: { type: 'string', default: DEFAULTS.rates },
      match: { type: 'string', default: DEFAULTS.match },
      jobs: { type: 'string', default: DEFAULTS.jobs },
      out: { type: 'string', default: defaultOut },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  const alone = (['tls', 'peers'] as const).filter((name) => values[name]);
  const named = values.only?.split(',').map(part) ?? (alone.length > 0 ? [] : UNASKED);
  return {
    records: positive('--records', values.records),
    size: positive('--size', values.size),
    partitions: positive('--partitions', values.partitions),
    runs: positive('--runs', values.runs),
    parts: new Set([...named, ...alone]),
    match: values.match.split(','),
    jobs: values.jobs === '' ? [] : values.jobs.split(',').map(job),
    rates: values.rates.split(',').map((rate) => (rate === 'half' ? rate : positive('--rates', rate))),
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

function job(text: string): string {
  if (!PEER_JOBS.some(({ id }) => id === text)) {
    throw new Error(`--jobs knows ${PEER_JOBS.map(({ id }) => id).join(', ')}, not ${text}\n${USAGE}`);
  }
  return text;
}
