import type { Block } from '../../src/core/batch.js';
import { Dispatcher, type RunReport } from '../../src/dispatcher/dispatcher.js';
import type { DispatcherDeps, DispatcherSettings } from '../../src/dispatcher/settings.js';
import type { Logger } from '../../src/ports/logger.js';
import { BlockHolders } from '../support/fakes/block-holders.js';
import { FakeGroup } from '../support/fakes/fake-group.js';
import { FakePool } from '../support/fakes/fake-pool.js';
import { visibleEnd } from '../support/fakes/fake-reader.js';
import { FakeSink, type FakeSinkSettings } from '../support/fakes/fake-sink.js';
import { FakeSource } from '../support/fakes/fake-source.js';
import { type Fate, indexAt, type PartitionLog } from '../support/fakes/log.js';
import { Random } from '../support/fakes/random.js';
import { VirtualClock } from '../support/fakes/virtual-clock.js';
import { Ledger } from './ledger.js';
import { makeScenario, type Scenario } from './scenario.js';

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
}

export interface World {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly group: FakeGroup;
  readonly ledger: Ledger;
  readonly holders: BlockHolders;
  readonly logLines: string[];
  createdBytes: number;
  /** The number of delivered records when the limits were checked last. */
  recordsSeen: number;
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
  const group = new FakeGroup(scenario.logs, scenario.committed, {
    committed: (log, offset, by) => ledger?.committed(log, offset, by),
    processedByOther: (log, offset) => ledger?.processedByOther(log, offset),
  });
  ledger = new Ledger(scenario.logs, group.epochs, {
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
  const deps = makeDeps(world, random, mutation.sink?.(scenario.sink) ?? scenario.sink);
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

function makeDeps(world: World, random: Random, sink: FakeSinkSettings): DispatcherDeps {
  const { scenario, ledger, logLines } = world;
  const logs = new Map(scenario.logs.map((log) => [log.id, log]));
  const logOf = (id: number): PartitionLog => {
    const log = logs.get(id);
    if (log === undefined) throw new Error(`there is no partition ${id}`);
    return log;
  };
  const fateOf = (id: number, offset: number): Fate => {
    const log = logOf(id);
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
  const source = new FakeSource(common, scenario.source, ledger);
  return {
    source,
    group: source.group,
    commits: source.commits,
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

function checkEnd(world: World, report: RunReport): void {
  const { ledger, scenario, group } = world;
  const { records } = report;
  const sum =
    records.transformed + records.filtered + records.deadLettered + records.handedOver + records.unsettled;
  if (records.consumed !== sum) ledger.violation(`the law of the summary: ${JSON.stringify(records)}`);
  for (const [name, count] of Object.entries(records))
    if (typeof count === 'number' && count < 0) ledger.violation(`${name} is ${count}`);
  checkBreakdowns(world, report);
  if (records.consumed > ledger.recordsDelivered)
    ledger.violation(`${records.consumed} consumed of ${ledger.recordsDelivered} delivered`);
  const code = report.error?.code;
  if (code !== undefined && !scenario.allowedErrors.has(code))
    ledger.violation(`the run ended with ${code}: ${report.error?.message}`);
  const isBlocked = scenario.pool.blockedFromTask !== undefined;
  if (report.hung && !isBlocked) ledger.violation('a client did not close');
  if (code === 'WORKER_BLOCKED' && !report.hung)
    ledger.violation('a worker thread did not end, and the report does not say so');
  for (const { partition, offset } of report.committed) {
    const { committed } = group.partition(partition);
    if (offset > committed)
      ledger.violation(`partition ${partition}: reports ${offset} as committed, the group has ${committed}`);
  }
  if (code === undefined && records.unsettled > 0)
    ledger.violation(`done without an error, but ${records.unsettled} records are unsettled`);
  if (code === undefined && report.redelivery.length > 0)
    ledger.violation('done without an error, but records may come again');
  if (scenario.dispatcher.until === 'end' && scenario.stopAtMs === undefined && code === undefined)
    checkWhole(world);
  if (scenario.calm && code === undefined) checkCalm(world, report);
}

/** The counts by topic and by code add up to the totals, and each example is a record that was there. */
function checkBreakdowns({ ledger }: World, { records }: RunReport): void {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const byCode = Object.entries(records.deadLetteredBy);
  const sums = {
    emitted: sum(Object.values(records.emittedBy)),
    filtered: sum(Object.values(records.filteredBy)),
    deadLettered: sum(byCode.map(([, { count }]) => count)),
  };
  for (const name of ['emitted', 'filtered', 'deadLettered'] as const)
    if (records[name] !== sums[name]) ledger.violation(`${records[name]} ${name}, by name ${sums[name]}`);
  if (Object.values(records.emittedBy).some((rows) => rows < 0))
    ledger.violation(`less than nothing was emitted: ${JSON.stringify(records.emittedBy)}`);
  for (const [code, { example }] of byCode) {
    const page = ledger.pages.get(example.partition);
    const record = page?.log.records[indexAt(page.log, example.offset)];
    const { fate } = record ?? {};
    const codes = fate?.kind === 'reject' || fate?.kind === 'kill' ? [fate.code] : undefined;
    if (record?.offset !== example.offset || codes?.includes(code) === false)
      ledger.violation(`${code} has an example that was not rejected for it: ${JSON.stringify(example)}`);
  }
}

/** For a bounded run that ended by itself: everything in the logs is settled and committed. */
function checkWhole({ scenario, group, ledger }: World): void {
  // The last commit may be refused: for a transient reason, or because the partition was assigned to the
  // other member at that moment.
  const mayRefuse =
    scenario.source.commitRefusedChance > 0 ||
    scenario.source.rebalances.some(({ kind }) => kind === 'revoke-fenced' || kind === 'lost');
  for (const log of scenario.logs) {
    const end = visibleEnd(log, 0);
    const { committed } = group.partition(log.id);
    if (end > log.low && committed < end && log.records.length > 0 && !mayRefuse) {
      ledger.violation(
        `partition ${log.id}: committed ${committed} at the end of a bounded run, ${end} is its end`,
      );
    }
    const undone = ledger.firstUndone(log.id, end);
    if (undone !== undefined && scenario.source.outOfRange !== 'latest')
      ledger.violation(`partition ${log.id}: the run is done, but ${undone} is not settled`);
  }
}

/**
 * Without trouble that repeats records, each was delivered exactly as often as it was emitted, and every
 * count is exact.
 */
function checkCalm({ scenario, ledger }: World, report: RunReport): void {
  const counts = { transformed: 0, filtered: 0, deadLettered: 0, emitted: 0 };
  for (const { log, done, delivered, skippedTo } of ledger.pages.values()) {
    log.records.forEach((record, index) => {
      if (done[index] === 0 || (index < skippedTo && delivered[index] === 0)) return;
      const { fate } = record;
      const wanted = fate.kind === 'emit' ? fate.count : fate.kind === 'drop' ? 0 : 1;
      if (delivered[index] !== wanted)
        ledger.violation(
          `partition ${log.id}, offset ${record.offset}: delivered ` +
            `${delivered[index]} times instead of ${wanted}`,
        );
      if (fate.kind === 'emit') {
        counts.transformed += 1;
        counts.emitted += fate.count;
      } else if (fate.kind === 'drop') counts.filtered += 1;
      else counts.deadLettered += 1;
    });
  }
  if (
    (scenario.stopAtMs !== undefined && scenario.dispatcher.until === 'end') ||
    [...ledger.pages.values()].some((page) => page.skippedTo > 0)
  )
    return;
  for (const name of ['transformed', 'filtered', 'deadLettered', 'emitted'] as const) {
    if (report.records[name] !== counts[name])
      ledger.violation(`${report.records[name]} ${name}, but there were ${counts[name]}`);
  }
}
