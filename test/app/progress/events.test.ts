import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunView } from '../../../src/app/endpoints.js';
import { type EventSink, type RunEvent, RunEvents } from '../../../src/app/progress/events.js';
import type { Summary } from '../../../src/app/summary.js';
import { ProgressBook } from '../../../src/core/progress/progress-book.js';
import type { RunStatus } from '../../../src/dispatcher/report.js';
import { NOTHING_MEASURED } from '../../support/no-progress.js';
import { NOTHING, newClock, pass } from '../reload/helpers.js';

const INTERVAL_MS = 10_000;

/** A run whose status the test sets, and what it tells of itself. */
class Told {
  readonly events: RunEvent[] = [];
  readonly book = new ProgressBook();
  readonly clock = newClock();
  status: Partial<RunStatus> = { state: 'starting', isPlaced: false };
  closes = 0;
  readonly run: RunEvents;

  constructor() {
    const sink: EventSink = {
      write: (event) => this.events.push(event),
      close: () => {
        this.closes += 1;
        return Promise.resolve();
      },
    };
    const { records, latency } = NOTHING;
    const view: RunView = {
      startedAt: new Date(0),
      status: () => ({ records, latency, owned: 2, ...this.status }) as RunStatus,
      standing: () => ({
        ...NOTHING,
        partitions: [],
        measured: NOTHING_MEASURED,
        progress: this.book.progress(),
        range: this.book.range(),
      }),
      usage: () => ({ cpuMicroseconds: 0, rssPeakBytes: 0 }),
      bytesOut: () => 0,
      clients: () => [],
      reloads: () => ({ count: 0, switching: false, rejected: undefined }),
      certificates: () => [],
      config: () => undefined,
      trace: () => undefined,
      redact: (text) => text.replaceAll('hunter2', '***'),
    };
    const run = { transform: 'hunter2.ts', threads: 3 };
    this.run = new RunEvents({
      name: 'job',
      view,
      run,
      sinks: [sink],
      intervalMs: INTERVAL_MS,
      clock: this.clock,
    });
  }

  get kinds(): readonly string[] {
    return this.events.map(({ event }) => event);
  }
}

test('the first event waits until the range is known, then progress comes at the interval', async () => {
  const told = new Told();
  told.run.start();
  await pass(told.clock, 1_000);
  assert.deepEqual(told.kinds, []);
  const seen = { topic: 'in', partition: 0, topicId: undefined, low: 0, begun: 5, until: 9, settled: 5 };
  told.book.see(0, { partitions: [seen], consumed: 0, bytesIn: 0 });
  told.status = { state: 'running', isPlaced: true };
  await pass(told.clock, 100);
  await pass(told.clock, 2.5 * INTERVAL_MS);
  told.run.stop();
  await pass(told.clock, 2 * INTERVAL_MS);
  await told.run.finish({ schema: 1, exitCode: 0 } as Summary);
  assert.deepEqual(told.kinds, ['started', 'progress', 'progress', 'finished']);
  assert.equal(told.closes, 1);
  const [started] = told.events;
  assert.ok(started?.event === 'started');
  assert.deepEqual(started.run, { transform: '***.ts', threads: 3 });
  assert.deepEqual(started.range.partitions, [{ topic: 'in', partition: 0, from: 5, until: 9 }]);
});

test('while Kafka does not answer, the events begin after one interval all the same', async () => {
  const told = new Told();
  told.run.start();
  await pass(told.clock, 2.5 * INTERVAL_MS);
  told.run.stop();
  assert.deepEqual(told.kinds, ['started', 'progress']);
});

test('a run without an end tells its lag, and neither a percentage nor a time left', async () => {
  const told = new Told();
  told.status = { state: 'running', isPlaced: true, lag: 7, stalled: 'no leader for hunter2' };
  told.run.start();
  await pass(told.clock, 1.5 * INTERVAL_MS);
  told.run.stop();
  const progress = told.events[1];
  assert.ok(progress?.event === 'progress');
  const { lag, stalled, partitions } = progress;
  assert.deepEqual({ lag, stalled, partitions }, { lag: 7, stalled: 'no leader for ***', partitions: 2 });
  assert.deepEqual([progress.progress.percent, progress.progress.etaSeconds], [null, null]);
});
