import type { RunReport } from '../../src/dispatcher/dispatcher.js';
import { indexAt, visibleEnd } from '../support/fakes/log.js';
import type { World } from './world.js';

/** What must hold of the report of a run that is over, and of what it left behind. */
export function checkEnd(world: World, report: RunReport): void {
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
  if (report.hung && code === undefined) ledger.violation('a worker never ended, and the run is called good');
  if (code === 'WORKER_BLOCKED' && !report.hung)
    ledger.violation('a worker thread did not end, and the report does not say so');
  for (const { partition, offset } of report.committed) {
    const { committed, switched } = group.partition(partition);
    // Of a log that changed since then the group may know nothing.
    const isKnown = switched === undefined || ledger.committedAfter.has(partition);
    if (offset > committed && isKnown)
      ledger.violation(`partition ${partition}: reports ${offset} as committed, the group has ${committed}`);
  }
  if (code === undefined && records.unsettled > 0)
    ledger.violation(`done without an error, but ${records.unsettled} records are unsettled`);
  if (code === undefined && report.redelivery.length > 0)
    ledger.violation('done without an error, but records may come again');
  checkNothingBeyond(world, report);
  if (report.endReached && code === undefined) checkWhole(world);
  if (scenario.calm && code === undefined) checkCalm(world, report);
  checkCountedOnce(world, report);
}

/** While the partitions stay ours, a rewind reads records again, but does not count them again. */
function checkCountedOnce({ scenario, group, ledger }: World, { records }: RunReport): void {
  const isSwitched = [...group.partitions.values()].some(({ switched }) => switched !== undefined);
  if (isSwitched || scenario.source.rebalances.some(({ kind }) => kind !== 'assign')) return;
  const settled = records.transformed + records.filtered + records.deadLettered;
  const done = [...ledger.pages.values()].reduce((sum, page) => sum + page.done.filter(Boolean).length, 0);
  if (settled > done) ledger.violation(`${settled} settled, but only ${done} records have an outcome`);
}

/** The counts by topic and by code add up to the totals, and each example is a record that was there. */
function checkBreakdowns({ ledger, group }: World, { records }: RunReport): void {
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
    const { log, switched } = group.partition(example.partition);
    const logs = switched === undefined ? [log] : [log, switched.before];
    const candidates = logs.flatMap((one) => {
      const found = one.records[indexAt(one, example.offset)];
      return found?.offset === example.offset ? [found] : [];
    });
    const isRejected = candidates.some(({ fate }) => {
      const codes = fate.kind === 'reject' || fate.kind === 'kill' ? [fate.code] : undefined;
      return codes?.includes(code) !== false;
    });
    if (!isRejected)
      ledger.violation(`${code} has an example that was not rejected for it: ${JSON.stringify(example)}`);
  }
}

/** Where a leader is missing at the start, the ends come late, and the others are read without a limit. */
function checkNothingBeyond({ scenario, group, ledger }: World, { ends = [] }: RunReport): void {
  if (scenario.leaderless.length > 0) return;
  for (const { partition, end } of ends) {
    const { log, switched } = group.partition(partition);
    const readTo = ledger.pages.get(log)?.readTo ?? 0;
    if (switched === undefined && readTo > end)
      ledger.violation(`partition ${partition} was read to ${readTo}, beyond its end ${end}`);
  }
}

/** For a bounded run that ended by itself: everything in the logs is settled and committed. */
function checkWhole({ scenario, group, ledger }: World): void {
  // The last commit may be refused: for a transient reason, or because the partition was assigned to the
  // other member at that moment.
  const mayRefuse =
    scenario.source.commitRefusedChance > 0 ||
    scenario.source.rebalances.some(({ kind }) => kind === 'revoke-fenced' || kind === 'lost');
  for (const { log, switched } of group.partitions.values()) {
    // Of a log that changed the run may not know, or it goes by the end that it found there.
    const end = switched === undefined ? visibleEnd(log, 0) : (ledger.pages.get(log)?.enteredTo ?? log.low);
    const { committed } = group.partition(log.id);
    if (end > log.low && committed < end && log.records.length > 0 && !mayRefuse) {
      ledger.violation(
        `partition ${log.id}: committed ${committed} at the end of a bounded run, ${end} is its end`,
      );
    }
    const undone = ledger.firstUndone(log, end);
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
