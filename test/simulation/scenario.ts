import type { DispatcherSettings } from '../../src/dispatcher/settings.js';
import type { FakePoolSettings } from '../support/fakes/fake-pool.js';
import type { FakeSinkSettings, TopicOutage } from '../support/fakes/fake-sink.js';
import type { FakeSourceSettings, RebalanceStep } from '../support/fakes/fake-source.js';
import {
  DAMAGE_TIMES,
  type Fate,
  type LogFault,
  type LogRecord,
  type PartitionLog,
} from '../support/fakes/log.js';
import { Random } from '../support/fakes/random.js';

/** What a seed means, fixed before anything runs. */
export interface Scenario {
  readonly seed: number;
  readonly logs: readonly PartitionLog[];
  readonly committed: ReadonlyMap<number, number>;
  readonly source: FakeSourceSettings;
  readonly pool: FakePoolSettings;
  readonly sink: FakeSinkSettings;
  readonly dispatcher: DispatcherSettings;
  /** When `stop()` is called; undefined: never (a bounded run that ends by itself). */
  readonly stopAtMs: number | undefined;
  /** When the second signal comes. */
  readonly cutAtMs: number | undefined;
  /** Error codes with which such a run may end. */
  readonly allowedErrors: ReadonlySet<string>;
  /** True when nothing happens that may deliver a record twice. */
  readonly calm: boolean;
  /** The largest pair of blocks that the run may need. */
  readonly largestPairBytes: number;
}

/** The kinds of trouble in a run; most runs have few, so that they get far. */
interface Troubles {
  readonly deadLetters: boolean;
  readonly rejects: boolean;
  readonly kills: boolean;
  readonly refusals: boolean;
  readonly sharedRefusals: boolean;
  readonly topics: boolean;
  readonly missingTopic: boolean;
  readonly rebalances: boolean;
  readonly damage: boolean;
  readonly readFaults: boolean;
  readonly outOfRange: boolean;
  readonly oversize: boolean;
  readonly outage: boolean;
  readonly slow: boolean;
  readonly fatal: boolean;
  readonly deadLettersRefused: boolean;
  readonly blocked: boolean;
}

/** Troubles that cause no duplicates. */
const MILD = {
  deadLetters: false,
  rejects: false,
  kills: false,
  refusals: false,
  topics: false,
  oversize: false,
} as const;

const DEFAULT_TOPIC = 'out';
const DEAD_LETTER_TOPIC = 'dead';
const BLOCK_BYTES = 2048;

export function makeScenario(seed: number): Scenario {
  const random = new Random(seed);
  const troubles = pickTroubles(random);
  const until = random.chance(0.5) ? 'end' : 'forever';
  const policy = random.pick(['stop', 'earliest', 'latest'] as const);
  const spreadMs = random.pick([0, 0, 1500, 8000]);
  const logs = Array.from({ length: random.between(1, 4) }, (_, id) =>
    makeLog(random, id, troubles, spreadMs),
  );
  const committed = new Map(logs.flatMap((log) => startOf(random, log, troubles)));
  // Nobody can read past damage that the other member has reached: such a bounded run would wait forever.
  const endless = until === 'forever' || (troubles.damage && troubles.rebalances);
  const stopAtMs = endless || random.chance(0.15) ? random.between(0, 12_000) : undefined;
  const cutAtMs = stopAtMs !== undefined && random.chance(0.1) ? stopAtMs + random.int(1500) : undefined;
  const ordering = random.pick(['output', 'output', 'partition', 'none'] as const);
  const dispatcher = makeSettings(random, { until, ordering });
  const rebalances = makeRebalances(random, troubles);
  const sink = makeSink(random, troubles);
  const pool = makePool(random, troubles);
  const allowedErrors = allowed(troubles, { policy, cut: cutAtMs !== undefined });
  const largest = Math.max(0, ...logs.flatMap((log) => log.records.map((record) => record.bytes)));
  return {
    seed,
    logs,
    committed,
    source: {
      reader: {
        recordsMax: dispatcher.batchSize.recordsMax,
        cutPerPartition: ordering === 'partition',
        readyBatchesMax: random.between(1, 3),
        latencyMaxMs: random.pick([0, 5, 60]),
      },
      rebalances,
      commitIntervalMs: random.pick([200, 1000]),
      brokerLatencyMaxMs: random.pick([3, 40, 300]),
      outOfRange: policy,
      commitRefusedChance: random.chance(0.2) ? 0.3 : 0,
    },
    pool,
    sink,
    dispatcher,
    stopAtMs,
    cutAtMs,
    allowedErrors,
    calm: !Object.values({ ...troubles, ...MILD }).includes(true) && cutAtMs === undefined,
    largestPairBytes: largest > BLOCK_BYTES / 2 ? BLOCK_BYTES + largest + 256 : 2 * BLOCK_BYTES,
  };
}

function pickTroubles(random: Random): Troubles {
  const deadLetters = random.chance(0.8);
  return {
    deadLetters,
    rejects: random.chance(0.4),
    kills: random.chance(0.25),
    refusals: random.chance(0.15),
    sharedRefusals: random.chance(0.1),
    topics: random.chance(0.2),
    missingTopic: random.chance(0.03),
    rebalances: random.chance(0.5),
    damage: random.chance(0.06),
    readFaults: random.chance(0.1),
    outOfRange: random.chance(0.08),
    oversize: random.chance(0.15),
    outage: random.chance(0.08),
    slow: random.chance(0.1),
    fatal: random.chance(0.02),
    deadLettersRefused: deadLetters && random.chance(0.03),
    blocked: random.chance(0.06),
  };
}

function makeLog(random: Random, id: number, troubles: Troubles, spreadMs: number): PartitionLog {
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
function startOf(random: Random, log: PartitionLog, troubles: Troubles): [number, number][] {
  if (troubles.outOfRange && log.low > 0 && random.chance(0.7)) return [[log.id, random.int(log.low)]];
  return random.chance(0.2) ? [[log.id, log.low]] : [];
}

function makeRebalances(random: Random, troubles: Troubles): RebalanceStep[] {
  const steps: RebalanceStep[] = [
    { afterMs: random.int(500), kind: 'assign', share: troubles.rebalances ? random.pick([0.5, 1]) : 1 },
  ];
  if (!troubles.rebalances) return steps;
  const eager = random.chance(0.4);
  for (let n = random.between(1, 4); n > 0; n -= 1) {
    const kind = random.pick(['revoke', 'revoke', 'revoke-fenced', 'lost'] as const);
    steps.push({ afterMs: random.int(3000), kind, share: eager ? 1 : random.pick([0, 0.5, 1]) });
    steps.push({ afterMs: random.int(eager ? 100 : 2000), kind: 'assign', share: random.pick([0, 0.5, 1]) });
  }
  return steps;
}

function makePool(random: Random, troubles: Troubles): FakePoolSettings {
  return {
    threads: random.between(1, 4),
    latencyMaxMs: random.pick([1, 30, 400]),
    slowChance: troubles.slow ? 0.1 : 0,
    slowMs: random.pick([3000, 20_000]),
    defaultTopic: 0,
    deadLetterTopic: troubles.deadLetters ? 1 : undefined,
    strayDeathsMax: troubles.kills ? 2 : 0,
    shortAnswerChance: random.pick([0, 0.2]),
    overflowChance: random.pick([0, 0.5]),
    blockedFromTask: troubles.blocked ? random.between(1, 4) : undefined,
  };
}

function makeSink(random: Random, troubles: Troubles): FakeSinkSettings {
  const outages: TopicOutage[] = [];
  if (troubles.outage) {
    const fromMs = random.int(4000);
    const topic = random.pick([DEFAULT_TOPIC, DEFAULT_TOPIC, DEAD_LETTER_TOPIC]);
    outages.push({
      topic,
      fromMs,
      toMs: fromMs + random.pick([300, 4000, 1_000_000]),
      code: random.pick([3, 29, 7]),
    });
  }
  return {
    handOverMaxMs: random.pick([0, 3, 30]),
    ackMaxMs: troubles.slow ? random.pick([2000, 8000]) : random.pick([3, 50, 300]),
    topics: [
      { name: DEFAULT_TOPIC, number: 0, partitionCount: 4 },
      { name: DEAD_LETTER_TOPIC, number: 1, partitionCount: 1 },
    ],
    outages,
    missingTopics: ['gone'],
    fatalAfterParts: troubles.fatal ? random.int(10) : undefined,
    deadLettersRefusedModulo: troubles.deadLettersRefused ? 5 : undefined,
  };
}

function makeSettings(
  random: Random,
  fixed: Pick<DispatcherSettings, 'until' | 'ordering'>,
): DispatcherSettings {
  const batchRecordsMax = random.between(1, 20);
  const batchSize = {
    recordsMin: random.between(1, batchRecordsMax),
    recordsMax: batchRecordsMax,
    workMs: random.pick([1, 20, 1000]),
  };
  return {
    ...fixed,
    blockBytes: BLOCK_BYTES,
    blocksBytesMax: BLOCK_BYTES * random.between(2, 12),
    inFlightRecordsMax: batchRecordsMax * random.between(1, 8),
    inFlightBatchesMax: random.between(1, 8),
    batchSize,
    drainTimeoutMs: random.pick([2000, 25_000]),
    rebalanceDrainTimeoutMs: random.pick([300, 5000]),
    stallTimeoutMs: random.pick([6000, 30_000]),
    storeIntervalMs: random.pick([100, 1000]),
    outputTopics: [DEFAULT_TOPIC, DEAD_LETTER_TOPIC],
    deadLettersMaxPercent: 10,
    unknownTopic: random.pick(['reject', 'stop'] as const),
  };
}

function allowed(
  troubles: Troubles,
  more: { readonly policy: string; readonly cut: boolean },
): ReadonlySet<string> {
  const codes = new Set<string>();
  const noWhereToGo = troubles.rejects || troubles.kills || troubles.refusals || troubles.sharedRefusals;
  if (!troubles.deadLetters && noWhereToGo) codes.add('RECORD_REJECTED');
  if (troubles.deadLettersRefused) codes.add('DEAD_LETTER_REFUSED');
  if (troubles.damage) codes.add('CORRUPT_INPUT');
  if (troubles.outOfRange && more.policy === 'stop') codes.add('OFFSET_OUT_OF_RANGE');
  if (troubles.blocked) codes.add('WORKER_BLOCKED');
  if (troubles.topics && troubles.missingTopic) {
    codes.add('TOPIC_MISSING');
    if (!troubles.deadLetters) codes.add('RECORD_REJECTED');
  }
  if (troubles.fatal) codes.add('PRODUCER_FATAL');
  if (troubles.outage || troubles.slow)
    for (const code of ['DESTINATION_STALLED', 'KAFKA_REFUSED', 'DRAIN_CUT']) codes.add(code);
  // A drain may take longer than the shortest deadline even without trouble.
  codes.add('DRAIN_CUT');
  return codes;
}
