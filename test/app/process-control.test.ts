import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { holdSignals, onReloadSignal, onStopSignals } from '../../src/app/process-control.js';

/** Signal handlers run in the turn of the event loop after the signal. */
async function raise(signal: NodeJS.Signals): Promise<void> {
  process.kill(process.pid, signal);
  await delay(50);
}

test('held signals reach the next listener once; a second stop signal ends the process instead', async () => {
  let exits = 0;
  holdSignals(false, () => {
    exits += 1;
  });
  await raise('SIGHUP');
  await raise('SIGTERM');
  assert.equal(exits, 0);
  await raise('SIGINT');
  assert.equal(exits, 1);
  const stops: string[] = [];
  const reloads: boolean[] = [];
  const removeStops = onStopSignals((count, signal) => stops.push(`${count} ${signal}`));
  const removeReload = onReloadSignal(false, (terminalGone) => reloads.push(terminalGone));
  assert.deepEqual([stops, reloads], [['1 SIGTERM', '2 SIGINT'], [false]]);
  await raise('SIGTERM');
  await raise('SIGHUP');
  assert.deepEqual(
    [stops, reloads],
    [
      ['1 SIGTERM', '2 SIGINT', '3 SIGTERM'],
      [false, false],
    ],
  );
  assert.equal(exits, 1);
  removeStops();
  removeReload();
  assert.equal(process.listenerCount('SIGTERM') + process.listenerCount('SIGHUP'), 0);
});

test('SIGUSR2, which some supervisors use for a restart, is a stop request like the others', async () => {
  const stops: string[] = [];
  const remove = onStopSignals((_count, signal) => stops.push(signal));
  await raise('SIGUSR2');
  assert.deepEqual(stops, ['SIGUSR2']);
  remove();
});
