/**
 * Properties that exclude each other, as librdkafka 2.12 checks them when a client is created
 * (rd_kafka_conf_finalize), and pairs that it accepts although they can't work.
 */
import { canonicalName } from './names.js';

export interface Conflict {
  readonly severity: 'error' | 'warning';
  /** The conflicting properties, the one to change first. */
  readonly names: readonly string[];
  readonly message: string;
  readonly remedy: string;
}

type Values = ReadonlyMap<string, string>;

/** A property by any of its names: the name as written, and its value. */
export interface Found {
  readonly name: string;
  readonly value: string;
}

export function findProperty(properties: Values, name: string): Found | undefined {
  const wanted = canonicalName(name);
  for (const [written, value] of properties)
    if (canonicalName(written) === wanted) return { name: written, value };
  return undefined;
}

/** librdkafka's defaults of properties that are compared below. */
const DEFAULTS = {
  'session.timeout.ms': 45_000,
  'heartbeat.interval.ms': 3_000,
  'max.poll.interval.ms': 300_000,
  'reconnect.backoff.ms': 100,
  'reconnect.backoff.max.ms': 10_000,
  'fetch.max.bytes': 52_428_800,
  'fetch.wait.max.ms': 500,
  'socket.timeout.ms': 60_000,
} as const;

/** The size of the protocol's frame around a fetched set. */
const FRAME_BYTES = 512;
/** A fetch may not wait until just before the socket times out. */
const FETCH_WAIT_MARGIN_MS = 1_000;
const IDEMPOTENT_IN_FLIGHT_MAX = 5;

/** With `group.protocol: consumer` the broker decides these. */
const BROKER_SIDE = [
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'partition.assignment.strategy',
  'group.protocol.type',
] as const;

export function consumerConflicts(properties: Values): readonly Conflict[] {
  const newProtocol = findProperty(properties, 'group.protocol')?.value.toLowerCase() === 'consumer';
  return [
    ...(newProtocol ? brokerSide(properties) : sessionConflicts(properties)),
    ...fetchConflicts(properties),
    ...backoffConflicts(properties),
  ];
}

export function producerConflicts(properties: Values): readonly Conflict[] {
  const idempotent = /^(true|t|1)$/i.test(findProperty(properties, 'enable.idempotence')?.value ?? '');
  return [...(idempotent ? idempotenceConflicts(properties) : []), ...backoffConflicts(properties)];
}

function sessionConflicts(properties: Values): Conflict[] {
  const session = number(properties, 'session.timeout.ms');
  const heartbeat = number(properties, 'heartbeat.interval.ms');
  const poll = number(properties, 'max.poll.interval.ms');
  const found: Conflict[] = [];
  if (heartbeat >= session)
    found.push({
      severity: 'error',
      names: ['heartbeat.interval.ms', 'session.timeout.ms'],
      message:
        `heartbeat.interval.ms (${heartbeat}) must be less than session.timeout.ms (${session}): ` +
        'the group would remove the consumer between two heartbeats',
      remedy: `use at most a third of session.timeout.ms: heartbeat.interval.ms: ${third(session)}`,
    });
  if (poll < session)
    found.push({
      severity: 'error',
      names: ['max.poll.interval.ms', 'session.timeout.ms'],
      message: `max.poll.interval.ms (${poll}) must be at least session.timeout.ms (${session})`,
      remedy: 'raise max.poll.interval.ms, or lower session.timeout.ms',
    });
  return found;
}

function brokerSide(properties: Values): Conflict[] {
  return BROKER_SIDE.flatMap((name) => {
    const found = findProperty(properties, name);
    if (found === undefined) return [];
    const instead =
      name === 'partition.assignment.strategy'
        ? '; group.remote.assignor names an assignor of the broker'
        : '';
    return [
      {
        severity: 'error',
        names: [found.name],
        message: `${found.name} can't be set with group.protocol: consumer: the broker decides it`,
        remedy: `remove it, or use group.protocol: classic${instead}`,
      } as const,
    ];
  });
}

function fetchConflicts(properties: Values): Conflict[] {
  const fetchBytes = number(properties, 'fetch.max.bytes');
  const receive = findProperty(properties, 'receive.message.max.bytes');
  const wait = number(properties, 'fetch.wait.max.ms');
  const timeout = number(properties, 'socket.timeout.ms');
  const found: Conflict[] = [];
  if (receive !== undefined && Number(receive.value) < fetchBytes + FRAME_BYTES)
    found.push({
      severity: 'error',
      names: [receive.name, 'fetch.max.bytes'],
      message:
        `${receive.name} (${receive.value}) must be at least fetch.max.bytes (${fetchBytes}) ` +
        `+ ${FRAME_BYTES}`,
      remedy: `use ${receive.name}: ${fetchBytes + FRAME_BYTES}, or lower fetch.max.bytes`,
    });
  if (wait > timeout - FETCH_WAIT_MARGIN_MS && wait > DEFAULTS['fetch.wait.max.ms'])
    found.push({
      severity: 'warning',
      names: ['fetch.wait.max.ms', 'socket.timeout.ms'],
      message:
        `fetch.wait.max.ms (${wait}) should be at least ${FETCH_WAIT_MARGIN_MS} ms below ` +
        `socket.timeout.ms (${timeout}), or fetches time out while nothing is written`,
      remedy: 'lower fetch.wait.max.ms, or raise socket.timeout.ms',
    });
  return found;
}

function backoffConflicts(properties: Values): Conflict[] {
  const low = number(properties, 'reconnect.backoff.ms');
  const high = number(properties, 'reconnect.backoff.max.ms');
  if (high >= low) return [];
  return [
    {
      severity: 'error',
      names: ['reconnect.backoff.max.ms', 'reconnect.backoff.ms'],
      message: `reconnect.backoff.max.ms (${high}) must be at least reconnect.backoff.ms (${low})`,
      remedy: 'raise reconnect.backoff.max.ms, or lower reconnect.backoff.ms',
    },
  ];
}

function idempotenceConflicts(properties: Values): Conflict[] {
  const found: Conflict[] = [];
  const refuse = (name: string, fits: (value: string) => boolean, message: string, remedy: string): void => {
    const given = findProperty(properties, name);
    if (given === undefined || fits(given.value)) return;
    found.push({
      severity: 'error',
      names: [given.name, 'enable.idempotence'],
      message: `${given.value} ${message}`,
      remedy,
    });
  };
  refuse(
    'acks',
    (value) => /^(all|-1)$/i.test(value),
    'does not go with enable.idempotence, which is on by default',
    'use acks: all',
  );
  refuse(
    'retries',
    (value) => Number(value) >= 1,
    'retries do not go with enable.idempotence',
    'remove it: the dispatcher decides when to give up',
  );
  refuse(
    'max.in.flight.requests.per.connection',
    (value) => Number(value) <= IDEMPOTENT_IN_FLIGHT_MAX,
    `requests in flight do not go with enable.idempotence: at most ${IDEMPOTENT_IN_FLIGHT_MAX}`,
    `use at most ${IDEMPOTENT_IN_FLIGHT_MAX}`,
  );
  refuse(
    'queue.buffering.backpressure.threshold',
    (value) => Number(value) === 1,
    'must be 1 with enable.idempotence',
    'remove it',
  );
  return found;
}

function number(properties: Values, name: keyof typeof DEFAULTS): number {
  const found = findProperty(properties, name);
  return found === undefined ? DEFAULTS[name] : Number(found.value);
}

function third(value: number): number {
  return Math.max(1, Math.floor(value / 3));
}
