import type { Block } from '../../src/core/batch.js';
import { Dispatcher, type RunReport } from '../../src/dispatcher/dispatcher.js';
import type { DispatcherDeps, DispatcherSettings } from '../../src/dispatcher/settings.js';
import type { Logger } from '../../src/ports/logger.js';
import { BlockHolders } from '../support/fakes/block-holders.js';
import { type FateOf, indexAt, type PartitionLog } from '../support/fakes/log.js';
import { FakePool } from '../support/fakes/pool/fake-pool.js';
import { Random } from '../support/fakes/random.js';
import { FakeSink, type FakeSinkSettings } from '../support/fakes/sink/fake-sink.js';
import { FakeGroup } from '../support/fakes/source/fake-group.js';
import { FakeSource, type FakeSourceSettings } from '../support/fakes/source/fake-source.js';
import { VirtualClock } from '../support/fakes/virtual-clock.js';
import { checkEnd } from './check-end.js';
import { Ledger } from './ledger.js';
import { ReceiptLaw } from './receipt-law.js';
import { makeScenario, type Scenario } from './scenario.js';
import type { World } from './world.js';

/** Limits for the virtual time and the steps of a run: beyond them it is considered endless. */
const TIME_MAX_MS = 900_000;
const STEPS_MAX = 20_000;
/** Events that may remain when the run is over. */
const REST_STEPS_MAX = 2000;

export interface Outcome {
  readonly seed: number;
  /** The first law that was broken; undefined: none. */
  readonly breach: string | undefined;
  readonly steps: number;
  readonly report: RunReport | undefined;
  readonly ledger: Ledger;
}

/** Changes a run on purpose, to test whether the laws catch it. */
export interface Mutation {
  deps?(deps: DispatcherDeps, world: World): DispatcherDeps;
  /** Changes the options of the dispatcher; the laws still use the scenario's own. */
  settings?(settings: DispatcherSettings): DispatcherSettings;
  sink?(settings: FakeSinkSettings): FakeSinkSettings;
  source?(settings: FakeSourceSettings): FakeSourceSettings;
}

/**
 * Runs one seed on the virtual clock. All promises are settled between two steps, so that a seed always runs
 * the same way.
 */
export async function simulate(seed: number, mutation: Mutation = {}): Promise<Outcome> {
  const scenario = makeScenario(seed);
  const random = new Random(seed ^ 0x5eed5eed);
  const clock = new VirtualClock(random);
  const holders = new BlockHolders();
  let ledger: Ledger | undefined;
  const group = new FakeGroup(
    scenario.logs,
    scenario.committed,
    {
      committed: (log, offset, by) => ledger?.committed(log, offset, by),
      processedByOther: (log, offset) => ledger?.processedByOther(log, offset),
    },
    scenario.leaderless,
  );
  const allLogs = [...scenario.logs, ...(scenario.source.changes ?? []).flatMap(({ logs }) => logs)];
  ledger = new Ledger(allLogs, group, {
    ordered: scenario.dispatcher.ordering !== 'none',
    missingTopics: scenario.dispatcher.unknownTopic === 'reject' ? scenario.sink.missingTopics : [],
  });
  const world: World = {
    scenario,
    clock,
    group,
    ledger,
    holders,
    logLines: [],
    createdBytes: 0,
    recordsSeen: 0,
  };
  const deps = makeDeps(world, random, {
    sink: mutation.sink?.(scenario.sink) ?? scenario.sink,
    source: mutation.source?.(scenario.source) ?? scenario.source,
  });
  const dispatcher = new Dispatcher(
    mutation.deps?.(deps, world) ?? deps,
    mutation.settings?.(scenario.dispatcher) ?? scenario.dispatcher,
  );
  const end: { report?: RunReport } = {};
  const isOver = (): boolean => end.report !== undefined;
  const running = dispatcher.run().then((result) => {
    end.report = result;
  });
  running.catch((error: unknown) => ledger.violation(`run() rejected: ${String(error)}`));
  if (scenario.stopAtMs !== undefined) clock.after(scenario.stopAtMs, () => dispatcher.stop());
  if (scenario.cutAtMs !== undefined) clock.after(scenario.cutAtMs, () => dispatcher.cutNow());
  let steps = 0;
  while (!isOver() && ledger.breach === undefined) {
    await settlePromises();
    if (isOver() || !step(world)) break;
    steps += 1;
    checkStep(world, dispatcher);
    if (steps >= STEPS_MAX || clock.nowMs() > TIME_MAX_MS)
      ledger.violation(`no end after ${steps} steps, at ${clock.nowMs()} ms`);
  }
  const { report } = end;
  if (report === undefined)
    ledger.violation(`nothing is left to happen at ${clock.nowMs()} ms, but the run is not over`);
  else checkEnd(world, report);
  for (let rest = 0; ledger.breach === undefined && rest < REST_STEPS_MAX && step(world); rest += 1)
    await settlePromises();
  return { seed, breach: ledger.breach, steps, report, ledger };
}

/** Lets every promise that can settle do so. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function step(world: World): boolean {
  try {
    return world.clock.step();
  } catch (error) {
    world.ledger.violation(error instanceof Error ? error.message : String(error));
    return false;
  }
}

function makeDeps(
  world: World,
  random: Random,
  { sink, source: sourceSettings }: Pick<Scenario, 'sink' | 'source'>,
): DispatcherDeps {
  const { scenario, ledger, logLines, group } = world;
  const logOf = (id: number): PartitionLog => group.partition(id).log;
  const fateOf: FateOf = (id, epoch, offset) => {
    const log = group.logOf(id, epoch, offset);
    const record = log.records[indexAt(log, offset)];
    if (record?.offset === offset) return record.fate;
    ledger.violation(
      `a worker read offset ${offset} of partition ${id}, which does not exist: its block was overwritten`,
    );
    return { kind: 'emit', count: 0 };
  };
  const line =
    (level: string): Logger['info'] =>
    (message, fields) => {
      if (logLines.length < 500)
        logLines.push(`${world.clock.nowMs()} ${level} ${message} ${JSON.stringify(fields ?? {})}`);
    };
  const logger: Logger = {
    error: line('error'),
    warn: line('warn'),
    info: line('info'),
    debug: line('debug'),
  };
  const common = { clock: world.clock, random, holders: world.holders, group: world.group };
  const source = new FakeSource(common, sourceSettings, ledger);
  const receipts = new ReceiptLaw(ledger, group);
  return {
    source,
    group: source.group,
    commits: receipts.watching(source.commits),
    receipts,
    sink: new FakeSink(common, sink, fateOf, ledger),
    pool: new FakePool(common, scenario.pool, fateOf),
    clock: world.clock,
    logger,
    createBlock: (bytes, id): Block => {
      world.createdBytes += bytes;
      return { id, bytes: new Uint8Array(bytes) };
    },
    describe: (id) => ({ topic: logOf(id).topic, partition: logOf(id).partition }),
  };
}

/** What must hold at every moment, in addition to what the fakes and the ledger check by themselves. */
function checkStep(world: World, dispatcher: Dispatcher): void {
  const { holders, scenario, ledger } = world;
  ledger.mustBeRestartable();
  const { blocksBytesMax } = scenario.dispatcher;
  const boundBytes = Math.max(blocksBytesMax, scenario.largestPairBytes);
  if (holders.bytes > boundBytes)
    ledger.violation(`${holders.bytes} bytes of blocks in use, ${boundBytes} allowed`);
  // Blocks are dropped and allocated again only for oversize records and overflows.
  const alwaysReused =
    scenario.largestPairBytes <= 2 * scenario.dispatcher.blockBytes && scenario.pool.overflowChance === 0;
  if (alwaysReused && world.createdBytes > blocksBytesMax)
    ledger.violation(`${world.createdBytes} bytes of blocks were made, ${blocksBytesMax} allowed`);
  if (ledger.recordsDelivered === world.recordsSeen) return;
  world.recordsSeen = ledger.recordsDelivered;
  const { inFlightRecords } = dispatcher.status();
  if (inFlightRecords > scenario.dispatcher.inFlightRecordsMax)
    ledger.violation(
      `${inFlightRecords} records in flight, ${scenario.dispatcher.inFlightRecordsMax} allowed`,
    );
}
