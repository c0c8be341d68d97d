/** What the project promises beside its rivals, and what was measured: both are in the report. */
import type { Score } from '../throughput.js';
import type { PeerScore } from './rounds.js';

export interface Mark {
  readonly what: string;
  /** The most that meets it. */
  readonly limit: number;
  /** Undefined: something it needs was not measured. */
  readonly seen: number | undefined;
  readonly unit: string;
}

const MIB = 2 ** 20;

/** A program of a job, e.g. the way `kd-declared` of the job `change-avro`. */
type Place = readonly [job: string, program: string];

interface Ratio {
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
  readonly of: Place;
  readonly to: Place;
}

const PASS: Place = ['pass', 'kd'];
const OWN = '× own pass-through';

function oneField(what: string, job: string, limit: number): Ratio {
  return { what, limit, unit: OWN, of: [job, 'kd-declared'], to: PASS };
}

function change(what: string, [job, program]: Place, rival: string, [limit, unit]: [number, string]): Ratio {
  return { what, limit, unit, of: [job, program], to: [job, rival] };
}

const RATIOS: readonly Ratio[] = [
  { what: 'pass-through', limit: 1.05, unit: '× C', of: PASS, to: ['pass', 'floor'] },
  { what: 'pass-through', limit: 1.15, unit: '× Go', of: PASS, to: ['pass', 'go'] },
  oneField('filter by one declared field, Avro', 'filter-avro', 1.25),
  oneField('route by one declared field, Avro', 'route-avro', 1.25),
  oneField('filter by one declared field, JSON', 'filter-json', 1.5),
  oneField('route by one declared field, JSON', 'route-json', 1.5),
  change('Avro change, declared fields', ['change-avro', 'kd-declared'], 'go', [0.75, '× Go']),
  change('Avro change, plain function', ['change-avro', 'kd'], 'go', [1.1, '× Go']),
  change('JSON change, declared fields', ['change-json', 'kd-declared'], 'go-goccy', [0.8, '× Go, goccy']),
  change('JSON change, plain function', ['change-json', 'kd'], 'go', [0.8, '× Go, encoding/json']),
];

/** A third of what Kafka Streams takes, with every function, in every job. */
const STREAMS_LIMIT = 1 / 3;
const RSS_LIMIT_MIB = 160;

export function marksOf(jobs: readonly PeerScore[]): Mark[] {
  const micros = ([job, program]: Place): number | undefined =>
    jobs.find(({ id }) => id === job)?.scores.find(({ id }) => id === program)?.cpuMicros;
  const ratios = RATIOS.map(({ what, limit, unit, of, to }) => {
    const [ours, theirs] = [micros(of), micros(to)];
    return {
      what,
      limit,
      unit,
      seen: ours === undefined || theirs === undefined ? undefined : ours / theirs,
    };
  });
  return [
    ...ratios,
    {
      what: 'the worst of these jobs beside Kafka Streams',
      limit: STREAMS_LIMIT,
      unit: '× Kafka Streams',
      seen: worst(jobs.flatMap(besideStreams)),
    },
    {
      what: 'peak RSS with one worker, the largest of these jobs',
      limit: RSS_LIMIT_MIB,
      unit: 'MiB',
      seen: worst(
        jobs.flatMap(({ scores }) => scores.filter(isOurs)).map((score) => score.rssPeakBytes / MIB),
      ),
    },
  ];
}

function isOurs({ id }: Score): boolean {
  return id.startsWith('kd');
}

function besideStreams({ scores }: PeerScore): number[] {
  const streams = scores.find(({ id }) => id === 'streams')?.cpuMicros;
  return streams === undefined ? [] : scores.filter(isOurs).map(({ cpuMicros }) => cpuMicros / streams);
}

function worst(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
