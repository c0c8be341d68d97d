/** Runs the jobs: all programs read the same topic, interleaved; outputs of the first round are compared. */
import { floor, kd, overTls } from '../contenders.js';
import { type Ground, type Inspect, say } from '../ground.js';
import { measureThroughput, type Score } from '../throughput.js';
import { buildGo, buildStreams, type GoPeer, type StreamsPeer } from './build.js';
import { differences, type Written } from './compare.js';
import { goRival, type Rival, streamsRival } from './contenders.js';
import type { PeerJob } from './jobs.js';

export interface PeerOptions {
  readonly records: number;
  readonly size: number;
  readonly partitions: number;
  readonly runs: number;
  /** Prefixes of the ids of programs ([''] = all). */
  readonly match: readonly string[];
}

/** What a job cost every program, and the versions of the rivals that did it. */
export interface PeerScore {
  readonly id: string;
  readonly title: string;
  readonly bytes: number;
  readonly partitions: number;
  readonly scores: readonly Score[];
  readonly versions: Readonly<Record<string, string>>;
}

/** Larger records are fewer, so that a run takes about as long and as much of the disk. */
const RUN_BYTES_MAX = 1_000_000_000;
/** The size of JSON records as a multiple of Avro records with the same fields. */
const JSON_TO_AVRO_BYTES = 1.7;

const PASS_BY_GO = { id: 'go', title: 'Go, franz-go' } as const;
const STREAMS = { id: 'streams', title: 'Kafka Streams' } as const;

interface Peers {
  readonly go: GoPeer | undefined;
  readonly streams: StreamsPeer | undefined;
}

/** Reports each job as soon as it is measured. */
export async function measurePeers(
  ground: Ground,
  jobs: readonly PeerJob[],
  options: PeerOptions,
  onJob: (score: PeerScore) => Promise<void>,
): Promise<void> {
  const wanted = ({ id }: { readonly id: string }): boolean =>
    options.match.some((prefix) => id.startsWith(prefix));
  const peers: Peers = {
    go: jobs.some((job) => job.go.some(wanted)) ? await buildGo() : undefined,
    streams: wanted(STREAMS) ? await buildStreams() : undefined,
  };
  const versions = { ...peers.go?.versions, ...peers.streams?.versions };
  for (const job of jobs) {
    const rivals = rivalsOf(job, peers).filter(wanted);
    say(`job ${job.id}: ${rivals.map(({ id }) => id).join(', ')}`);
    await onJob({ ...(await measureJob(ground, job, rivals, options)), versions });
  }
}

function rivalsOf(job: PeerJob, peers: Peers): Rival[] {
  const common = { format: job.input, exact: false, routes: job.routes === true };
  const { go, streams } = peers;
  const programs: Rival[] = [
    ...(job.floor === true ? [{ ...floor('pass'), id: 'floor', keepsPartition: true }] : []),
    ...(go === undefined ? [] : job.go.map((way) => goRival(go, way.job, { ...common, ...way }))),
    ...(streams === undefined ? [] : [streamsRival(streams, job.streams, { ...common, ...STREAMS })]),
    ...job.kd.map(({ id, title, variant }) => ({
      ...kd({ ...common, ...variant, id, title }),
      routes: common.routes,
      keepsPartition: true,
    })),
  ];
  return job.listener === 'TLS'
    ? programs.map((rival) => ({ ...overTls(rival), id: rival.id, keepsPartition: rival.keepsPartition }))
    : programs;
}

/** The rivals that copy a topic until they are stopped; only those that are named, as they must be built. */
export async function rivalsInBetween(match: readonly string[]): Promise<Rival[]> {
  const about = { format: 'avro', exact: true } as const;
  return [
    ...(match.includes('go') ? [goRival(await buildGo(), 'pass', { ...about, ...PASS_BY_GO })] : []),
    ...(match.includes('streams')
      ? [streamsRival(await buildStreams(), 'pass', { ...about, ...STREAMS })]
      : []),
  ];
}

async function measureJob(
  ground: Ground,
  job: PeerJob,
  rivals: readonly Rival[],
  options: PeerOptions,
): Promise<Omit<PeerScore, 'versions'>> {
  const avroBytes = job.bytes ?? options.size;
  const bytes = job.input === 'json' ? Math.round(avroBytes * JSON_TO_AVRO_BYTES) : avroBytes;
  const { partitions = options.partitions } = job;
  const records = Math.min(options.records, Math.ceil(RUN_BYTES_MAX / bytes));
  const shape = { partitions, bytes, format: job.input } as const;
  const full = await ground.fill({ ...shape, seed: 1, records });
  const tiny = await ground.fill({ ...shape, seed: 2, records: partitions });
  const fillings = { avro: full, json: full, tinyAvro: tiny, tinyJson: tiny };
  const inspect = compareOutputs(ground, job, rivals);
  const scores = await measureThroughput(ground, rivals, fillings, { runs: options.runs, inspect });
  await ground.cluster.tool.deleteTopics([full.topic, tiny.topic]);
  return { id: job.id, title: job.title, bytes, partitions, scores };
}

/** All others are compared with the one that runs first: no two may differ. */
function compareOutputs(ground: Ground, job: PeerJob, rivals: readonly Rival[]): Inspect {
  let first: Written | undefined;
  return async ({ id, title }, topics) => {
    const keepsPartition = rivals.find((rival) => rival.id === id)?.keepsPartition === true;
    const found = await ground.cluster.tool.digest({ topics, values: job.values });
    const written = { title, keepsPartition, topics: found };
    first ??= written;
    const wrong = differences([first, written]);
    if (wrong.length > 0) throw new Error(`job ${job.id}: the outputs differ: ${wrong.join('; ')}`);
    say(`${id} wrote ${found.map((topic) => topic.records).join(' and ')} records, as ${first.title} did`);
  };
}
