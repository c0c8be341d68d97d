import type { DispatcherSettings } from '../../src/dispatcher/settings.js';
import type { LeaderlessSpan } from '../support/fakes/log.js';
import type { FakePoolSettings } from '../support/fakes/pool/fake-pool.js';
import type { Random } from '../support/fakes/random.js';
import type { TopicOutage } from '../support/fakes/sink/fake-brokers.js';
import type { FakeSinkSettings } from '../support/fakes/sink/fake-sink.js';
import type { Troubles } from './troubles.js';

const DEFAULT_TOPIC = 'out';
const DEAD_LETTER_TOPIC = 'dead';
export const BLOCK_BYTES = 2048;
/** The end of a partition without a leader is given up after this time. */
const LEADER_WAIT_MAX_MS = 25_000;

export function makePool(random: Random, troubles: Troubles): FakePoolSettings {
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

export function makeSink(random: Random, troubles: Troubles): FakeSinkSettings {
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

export function makeSettings(
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

export function allowed(
  troubles: Troubles,
  more: {
    readonly policy: string;
    readonly until: DispatcherSettings['until'];
    readonly leaderless: readonly LeaderlessSpan[];
  },
): ReadonlySet<string> {
  const codes = new Set<string>();
  const noWhereToGo = troubles.rejects || troubles.kills || troubles.refusals || troubles.sharedRefusals;
  if (!troubles.deadLetters && noWhereToGo) codes.add('RECORD_REJECTED');
  if (troubles.deadLettersRefused) codes.add('DEAD_LETTER_REFUSED');
  if (troubles.damage) codes.add('CORRUPT_INPUT');
  const leavesLog = troubles.outOfRange || troubles.newTopic || troubles.cutLog;
  if (leavesLog && more.policy === 'stop') codes.add('OFFSET_OUT_OF_RANGE');
  const isLong = ({ fromMs, toMs }: LeaderlessSpan): boolean => toMs - fromMs > LEADER_WAIT_MAX_MS;
  if (more.until === 'end' && more.leaderless.some(isLong)) codes.add('KAFKA_UNREACHABLE');
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
