/** The jobs in which kd and its rivals are compared, and which program does each job how. */
import type { KdVariant, Listener } from '../contenders.js';

/** One program's way to do a job. `id` names the column of the report it belongs to. */
export interface Way<Id extends string> {
  readonly id: Id;
  readonly title: string;
}

export type GoId = 'go' | 'go-goccy';
export type KdId = 'kd' | 'kd-declared';

export interface GoWay extends Way<GoId> {
  /** As the Go program calls it. */
  readonly job: string;
}

export interface KdWay extends Way<KdId> {
  readonly variant: Pick<KdVariant, 'transform' | 'input' | 'output'>;
}

export interface PeerJob {
  readonly id: string;
  readonly title: string;
  readonly input: 'avro' | 'json';
  /** How outputs are compared: JSON by its meaning. */
  readonly values: 'bytes' | 'json';
  readonly routes?: boolean;
  readonly listener?: Listener;
  /** Default; options may override it. */
  readonly bytes?: number;
  readonly partitions?: number;
  /** The C floor does it, too. */
  readonly floor?: boolean;
  readonly go: readonly GoWay[];
  /** As the Streams application calls it. */
  readonly streams: string;
  readonly kd: readonly KdWay[];
}

const AVRO = { input: 'avro', output: 'avro' } as const;
const JSON_TO_JSON = { input: 'json', output: 'json' } as const;

const PASS: Pick<PeerJob, 'input' | 'values' | 'floor' | 'go' | 'streams' | 'kd'> = {
  input: 'avro',
  values: 'bytes',
  floor: true,
  go: [{ id: 'go', title: 'Go, franz-go', job: 'pass' }],
  streams: 'pass',
  kd: [{ id: 'kd', title: 'kd', variant: {} }],
};

function twoLibraries(job: string): GoWay[] {
  return [
    { id: 'go', title: 'Go, encoding/json', job: `${job}-json` },
    { id: 'go-goccy', title: 'Go, goccy/go-json', job: `${job}-goccy` },
  ];
}

function plain(name: string, formats: Pick<KdVariant, 'input' | 'output'>): KdWay {
  return { id: 'kd', title: 'kd, plain function', variant: { ...formats, transform: `${name}.ts` } };
}

function twoFunctions(name: string, formats: Pick<KdVariant, 'input' | 'output'>): KdWay[] {
  const variant = { ...formats, transform: `${name}-declared.ts` };
  return [plain(name, formats), { id: 'kd-declared', title: 'kd, fields declared', variant }];
}

export const PEER_JOBS: readonly PeerJob[] = [
  { id: 'pass', title: 'Pass-through', ...PASS },
  {
    id: 'change-avro',
    title: 'Avro, one field changed',
    input: 'avro',
    values: 'bytes',
    go: [{ id: 'go', title: 'Go, hamba/avro', job: 'change-avro' }],
    streams: 'change-avro',
    kd: twoFunctions('reprice', AVRO),
  },
  {
    id: 'filter-avro',
    title: 'Avro, filter by one field',
    input: 'avro',
    values: 'bytes',
    go: [{ id: 'go', title: 'Go, hamba/avro', job: 'filter-avro' }],
    streams: 'filter-avro',
    kd: twoFunctions('filter', AVRO),
  },
  {
    id: 'route-avro',
    title: 'Avro, route by one field',
    input: 'avro',
    values: 'bytes',
    routes: true,
    go: [{ id: 'go', title: 'Go, hamba/avro', job: 'route-avro' }],
    streams: 'route-avro',
    kd: twoFunctions('route', AVRO),
  },
  {
    id: 'change-json',
    title: 'JSON, one field changed',
    input: 'json',
    values: 'json',
    go: twoLibraries('change'),
    streams: 'change-json',
    kd: twoFunctions('reprice', JSON_TO_JSON),
  },
  {
    id: 'filter-json',
    title: 'JSON, filter by one field',
    input: 'json',
    values: 'json',
    go: twoLibraries('filter'),
    streams: 'filter-json',
    kd: twoFunctions('filter', JSON_TO_JSON),
  },
  {
    id: 'route-json',
    title: 'JSON, route by one field',
    input: 'json',
    values: 'json',
    routes: true,
    go: twoLibraries('route'),
    streams: 'route-json',
    kd: twoFunctions('route', JSON_TO_JSON),
  },
  {
    id: 'json-to-avro',
    title: 'JSON to Avro, one field changed',
    input: 'json',
    values: 'bytes',
    go: [
      { id: 'go', title: 'Go, encoding/json and hamba/avro', job: 'json-to-avro' },
      { id: 'go-goccy', title: 'Go, goccy/go-json and hamba/avro', job: 'json-to-avro-goccy' },
    ],
    streams: 'json-to-avro',
    kd: [plain('reprice', { input: 'json', output: 'avro' })],
  },
  { ...PASS, id: 'pass-tls', title: 'Pass-through over TLS', listener: 'TLS' },
  { ...PASS, id: 'pass-1kb', title: 'Pass-through', bytes: 1024 },
  { ...PASS, id: 'pass-10kb', title: 'Pass-through', bytes: 10_240 },
  { ...PASS, id: 'pass-1p', title: 'Pass-through', partitions: 1 },
  { ...PASS, id: 'pass-100p', title: 'Pass-through', partitions: 100 },
  { ...PASS, id: 'pass-1000p', title: 'Pass-through', partitions: 1000 },
];
