import type { DispatcherSettings } from '../../src/dispatcher/settings.js';
import type { LeaderlessSpan, PartitionLog } from '../support/fakes/log.js';
import type { FakePoolSettings } from '../support/fakes/pool/fake-pool.js';
import { Random } from '../support/fakes/random.js';
import type { FakeSinkSettings } from '../support/fakes/sink/fake-sink.js';
import type { RebalanceStep } from '../support/fakes/source/fake-rebalances.js';
import type { FakeSourceSettings } from '../support/fakes/source/fake-source.js';
import {
  makeChange,
  makeLeaderless,
  makeLog,
  neverEnds,
  startOf,
  startWithoutLeader,
} from './scenario-logs.js';
import { allowed, BLOCK_BYTES, makePool, makeSettings, makeSink } from './scenario-parts.js';
import { MILD, pickLogTroubles, pickTroubles, type Troubles } from './troubles.js';

/** What a seed means, fixed before anything runs. */
export interface Scenario {
  readonly seed: number;
  readonly logs: readonly PartitionLog[];
  readonly committed: ReadonlyMap<number, number>;
  readonly leaderless: readonly LeaderlessSpan[];
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

export function makeScenario(seed: number): Scenario {
  const random = new Random(seed);
  // Of its own, so that the rest of a seed's meaning stays as it is.
  const logRandom = new Random(seed ^ 0x10c5);
  const troubles = { ...pickTroubles(random), ...pickLogTroubles(logRandom) };
  const until = random.chance(0.5) ? 'end' : 'forever';
  const policy = random.pick(['stop', 'earliest', 'latest'] as const);
  const spreadMs = random.pick([0, 0, 1500, 8000]);
  const logs = Array.from({ length: random.between(1, 4) }, (_, id) =>
    makeLog(random, id, troubles, spreadMs),
  );
  const change = makeChange(logRandom, troubles, logs);
  const leaderless = makeLeaderless(logRandom, troubles, logs);
  const committed = new Map([
    ...logs.flatMap((log) => startOf(random, log, troubles)),
    ...leaderless.flatMap((span) => startWithoutLeader(logRandom, span, logs)),
  ]);
  // Nobody can read past damage that the other member has reached: such a bounded run would wait forever.
  const endless =
    until === 'forever' || leaderless.some(neverEnds) || (troubles.damage && troubles.rebalances);
  const stopWantedMs = endless || random.chance(0.15) ? random.between(0, 12_000) : undefined;
  // Found out, settled and moved: that takes its time.
  const longer = Math.max(
    0,
    change === undefined ? 0 : change.atMs + 4000,
    ...leaderless.map(({ fromMs }) => fromMs + 8000),
  );
  const stopAtMs = stopWantedMs === undefined ? undefined : stopWantedMs + longer;
  const cutAtMs = stopAtMs !== undefined && random.chance(0.1) ? stopAtMs + random.int(1500) : undefined;
  const ordering = random.pick(['output', 'output', 'partition', 'none'] as const);
  const dispatcher = { ...makeSettings(random, { until, ordering }), ...makeRate(new Random(seed ^ 0x7a7e)) };
  const rebalances = makeRebalances(random, troubles);
  const sink = makeSink(random, troubles);
  const pool = makePool(random, troubles);
  const allowedErrors = allowed(troubles, { policy, until, leaderless });
  const allLogs = [...logs, ...(change?.logs ?? [])];
  const largest = Math.max(0, ...allLogs.flatMap((log) => log.records.map((record) => record.bytes)));
  return {
    seed,
    logs,
    committed,
    leaderless,
    source: {
      changes: change === undefined ? [] : [change],
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
      leaderlessStart: logRandom.pick(['earliest', 'latest'] as const),
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

/** Few runs have one: reading is then slower than everything else. */
function makeRate(random: Random): Pick<DispatcherSettings, 'rate'> {
  if (!random.chance(0.1)) return {};
  return { rate: { unit: random.pick(['records', 'bytes'] as const), perSecond: random.between(20, 2_000) } };
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
