/** The keys of the process itself, outside the sections kafka and dispatcher. */
import { LOG_AREA_NAMES, LOG_AREAS, LOG_LEVELS, type LogArea } from '../../core/log/areas.js';
import type { Field } from './field.js';

export const NAME_KEY = {
  name: {
    format: 'text',
    default: null,
    doc: "names the job in client.id, logs and metrics; default: the file's name",
  },
} as const satisfies Readonly<Record<string, Field>>;

export interface AreaKey {
  readonly format: 'level';
  readonly default: null;
  readonly choices: typeof LOG_LEVELS;
  readonly doc: string;
}

export type AreaKeys = { readonly [Area in LogArea as `logging.level.${Area}`]: AreaKey };

const AREA_KEYS = Object.fromEntries(
  LOG_AREA_NAMES.map((area): [string, AreaKey] => [
    `logging.level.${area}`,
    { format: 'level', default: null, choices: LOG_LEVELS, doc: LOG_AREAS[area] },
  ]),
) as AreaKeys;

export const PROCESS_KEYS = {
  'server.port': {
    format: 'integer',
    default: null,
    min: 0,
    max: 65_535,
    doc: 'serves a page at /, /livez, /readyz, /status, /metrics; absent: no HTTP; 0: a free port, printed',
  },
  'server.address': {
    format: 'text',
    default: '127.0.0.1',
    doc: 'the address to listen on',
  },
  'server.token': {
    format: 'token',
    default: null,
    doc: 'what clients send as Authorization: Bearer; /livez and /readyz need none; absent: none is needed',
  },
  'server.allowed-hosts': {
    format: 'hosts',
    default: null,
    doc: 'further names under which the server may be asked: behind a proxy or a Service; also *.example.com',
  },
  'telemetry.module': {
    format: 'path',
    default: null,
    doc: 'a module that registers an OpenTelemetry SDK, loaded at the start; see TELEMETRY.md',
  },
  'telemetry.flush-timeout': {
    format: 'duration',
    default: '2s',
    min: 0,
    max: 10_000,
    doc: 'how long the end of a run waits for spans and metrics to be sent',
  },
  'logging.level.root': {
    format: 'level',
    default: 'info',
    choices: LOG_LEVELS,
    doc: 'for every area without a level of its own (`logging.level: info` for short)',
  },
  ...AREA_KEYS,
  'logging.format': {
    format: 'choice',
    default: 'auto',
    choices: ['auto', 'text', 'json'],
    doc: 'auto: text on a terminal, JSON otherwise',
  },
  'budget.in-flight-bytes': {
    format: 'size-or-auto',
    default: 'auto',
    min: 1_048_576,
    max: 68_719_476_736,
    doc:
      'several pipelines: what in-flight.bytes-max of all of them adds up to, shared by weight; auto: ' +
      "64 MiB or a sixteenth of the container's memory each, at most 512 MiB or a quarter of it",
  },
  'budget.queue-bytes': {
    format: 'size-or-auto',
    default: 'auto',
    min: 1_048_576,
    max: 68_719_476_736,
    doc:
      'several pipelines: what the consumers may have fetched ahead, all together, shared by weight; auto: ' +
      "16 MiB or a 32nd of the container's memory each, at most 256 MiB or an eighth of it",
  },
  'budget.threads': {
    format: 'integer-or-auto',
    default: 'auto',
    min: 1,
    max: 1_024,
    doc:
      'several pipelines: workers that compute at the same time, shared by weight; auto: cores − 1 within ' +
      "the container's limits, at least 1",
  },
} as const satisfies Readonly<Record<string, Field>>;
