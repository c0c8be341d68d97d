import {
  DAMAGE_TIMES,
  type Fate,
  type LeaderlessSpan,
  type LogChange,
  type LogFault,
  type LogRecord,
  type PartitionLog,
} from '../support/fakes/log.js';
import type { Random } from '../support/fakes/random.js';
import { BLOCK_BYTES } from './scenario-parts.js';
import type { Troubles } from './troubles.js';

/** The logs that a run of a seed reads, and what becomes of them meanwhile. */
export function makeLog(random: Random, id: number, troubles: Troubles, spreadMs: number): PartitionLog {
  const low = random.chance(0.3) ? random.between(1, 500) : 0;
  const count = random.chance(0.1) ? 0 : random.between(1, 40);
  const sparse = random.chance(0.3);
  const records: LogRecord[] = [];
  let offset = low;
  let availableAtMs = 0;
  for (let n = 0; n < count; n += 1) {
    if (sparse && random.chance(0.4)) offset += random.between(1, 5);
    availableAtMs += Math.floor((random.next() * 2 * spreadMs) / count);
    const bytes =
      troubles.oversize && random.chance(0.05)
        ? random.between(BLOCK_BYTES, 4 * BLOCK_BYTES)
        : random.int(80);
    records.push({ offset, fate: fate(random, troubles), bytes, availableAtMs });
    offset += 1;
  }
  const end = offset + (random.chance(0.3) ? random.between(1, 4) : 0);
  const faults: LogFault[] = [];
  const somewhere = (): number => random.between(low, offset);
  if (troubles.readFaults && random.chance(0.6))
    faults.push({ offset: somewhere(), code: -185, timesLeft: random.between(1, 3) });
  if (troubles.damage && random.chance(0.6))
    faults.push({ offset: somewhere(), code: -199, timesLeft: 2 * DAMAGE_TIMES });
  return { id, topic: 'in', partition: id, records, low, end, faults };
}

function fate(random: Random, troubles: Troubles): Fate {
  const roll = random.next();
  if (troubles.rejects && roll < 0.04)
    return { kind: 'reject', code: random.pick(['BAD_DATE', 'BAD_NUMBER']) };
  if (troubles.kills && roll < 0.06)
    return { kind: 'kill', code: random.pick(['WORKER_TIMEOUT', 'WORKER_CRASHED']) };
  if (troubles.refusals && roll < 0.08) return { kind: 'refused', how: 'alone' };
  if (troubles.sharedRefusals && roll < 0.1)
    return { kind: 'refused', how: random.pick(['named', 'unnamed']) };
  if (troubles.topics && roll < 0.2)
    return {
      kind: 'emit',
      count: 1,
      topic: random.pick(troubles.missingTopic ? ['a', 'b', 'gone'] : ['a', 'b']),
    };
  if (roll < 0.3) return { kind: 'drop', reason: random.pick(['OLD', 'EMPTY']) };
  if (roll < 0.35) return { kind: 'emit', count: 0 };
  return { kind: 'emit', count: roll < 0.42 ? 3 : 1 };
}

/** The offset that the group has committed before; out of range when it is below the log's start. */
export function startOf(random: Random, log: PartitionLog, troubles: Troubles): [number, number][] {
  if (troubles.outOfRange && log.low > 0 && random.chance(0.7)) return [[log.id, random.int(log.low)]];
  return random.chance(0.2) ? [[log.id, log.low]] : [];
}

/** In the middle of the run some topic is created again, or some logs lose their ends. */
export function makeChange(
  random: Random,
  troubles: Troubles,
  logs: readonly PartitionLog[],
): LogChange | undefined {
  const atMs = random.between(0, random.pick([1000, 4000, 8000]));
  if (troubles.newTopic) {
    // All partitions of a topic go together.
    const made = logs.map((log) => madeAgain(random, log, { troubles, atMs }));
    return { atMs, kind: 'new-topic', logs: made };
  }
  if (!troubles.cutLog) return undefined;
  const cut = random.some(logs, 0.7).filter(({ records }) => records.length > 1);
  return { atMs, kind: 'cut', logs: cut.map((log) => cutShort(random, log, troubles)) };
}

function madeAgain(
  random: Random,
  { id }: PartitionLog,
  { troubles, atMs }: { troubles: Troubles; atMs: number },
): PartitionLog {
  const log = makeLog(random, id, { ...troubles, damage: false, readFaults: false }, random.pick([0, 2000]));
  for (const record of log.records) record.availableAtMs += atMs;
  return log;
}

/** The end is gone; once a reader has found out, other records are written there. */
function cutShort(random: Random, log: PartitionLog, troubles: Troubles): PartitionLog {
  const kept = log.records.slice(0, random.between(1, log.records.length >> 1));
  const from = (kept.at(-1)?.offset ?? log.low) + 1;
  const written = Array.from({ length: random.between(0, 60) }, (_, index) => ({
    offset: from + index,
    fate: fate(random, troubles),
    bytes: random.int(80),
    availableAtMs: Number.POSITIVE_INFINITY,
  }));
  return { ...log, records: [...kept, ...written], end: from + written.length, faults: [] };
}

/** At most one partition, so that there are others. */
export function makeLeaderless(
  random: Random,
  troubles: Troubles,
  logs: readonly PartitionLog[],
): readonly LeaderlessSpan[] {
  if (!troubles.leaderless || logs.length < 2) return [];
  const fromMs = random.chance(0.6) ? 0 : random.int(6000);
  const lastsMs = random.pick([2000, 9000, 25_000, Number.POSITIVE_INFINITY]);
  return [{ id: random.int(logs.length), fromMs, toMs: fromMs + lastsMs }];
}

/** Where nothing is committed, it is decided only once there is a leader. */
export function startWithoutLeader(
  random: Random,
  { id }: LeaderlessSpan,
  logs: readonly PartitionLog[],
): [number, number][] {
  const log = logs.find((one) => one.id === id);
  return log !== undefined && random.chance(0.5) ? [[id, log.low]] : [];
}

/** A bounded run that has begun waits for the leader, as long as it takes. */
export function neverEnds({ fromMs, toMs }: LeaderlessSpan): boolean {
  return fromMs > 0 && toMs === Number.POSITIVE_INFINITY;
}
