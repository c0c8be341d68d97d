/** Text from records, brokers and transforms reaches a terminal in many places; none of it may act there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Summary, summarize } from '../../../src/app/summary.js';
import { runCli } from '../../../src/cli/program.js';
import { printChecks } from '../../../src/cli/terminal/check-report.js';
import { renderSummary } from '../../../src/cli/terminal/summary-text.js';
import { table } from '../../../src/cli/terminal/table.js';
import { DispatcherError } from '../../../src/core/errors.js';
import type { RunReport } from '../../../src/dispatcher/report.js';
import { Secrets } from '../../../src/secrets/secrets.js';
import { NO_PROGRESS } from '../../support/no-progress.js';
import { HOSTILE, memoryIo, UNSAFE } from '../memory-io.js';

function report(): RunReport {
  return {
    state: 'failed',
    error: new DispatcherError('TRANSFORM_LOAD', `threw ${HOSTILE}`, { remedy: `look at ${HOSTILE}` }),
    endReached: false,
    records: {
      consumed: 3,
      transformed: 1,
      filtered: 1,
      deadLettered: 1,
      handedOver: 0,
      unsettled: 0,
      skipped: 0,
      emitted: 1,
      retried: 0,
      filteredBy: { [HOSTILE]: 1 },
      deadLetteredBy: {
        INVALID_VALUE: { count: 1, example: { message: HOSTILE, topic: 'a', partition: 0, offset: 1 } },
      },
      emittedBy: { out: 1, [HOSTILE]: 1 },
      bytesIn: 1,
    },
    committed: [],
    redelivery: [],
    latency: { p50Ms: 1, p99Ms: 1 },
    metrics: [
      { kind: 'count', name: HOSTILE, labels: { [HOSTILE]: HOSTILE }, value: 1 },
      { kind: 'observe', name: `d ${HOSTILE}`, observations: 2, sum: 1, min: 0, max: 1 },
    ],
    ...NO_PROGRESS,
    activeMs: 1,
    hung: false,
    ends: undefined,
    openTransactions: [],
  };
}

function summary(): Summary {
  return summarize(report(), {
    name: 'job',
    startedAt: new Date(0),
    at: new Date(1),
    bytesOut: 0,
    usage: { cpuMicroseconds: 0, rssPeakBytes: 0 },
    redact: (text) => text,
    reloads: 0,
    stoppedBeforeEnd: false,
  });
}

test("a summary's lines are its own: no reason, metric or error of the user's code adds any", () => {
  const text = renderSummary(summary());
  assert.doesNotMatch(text, UNSAFE);
  const labels = text.split('\n').map((line) => line.slice(2, 16).trim());
  assert.deepEqual(labels.slice(1, -1), [
    'state',
    'why',
    'do',
    'consumed',
    'transformed',
    'filtered',
    'dead-lettered',
    '',
    'rate',
    'latency',
    'metrics',
    'memory',
    'committed',
  ]);
});

test('the checks of the doctor stay in their columns, whatever a broker answered', () => {
  const { io, outcome } = memoryIo({ columns: 80 });
  printChecks(
    [
      { area: 'kafka', subject: `b-1 ${HOSTILE}`, status: 'failed', message: HOSTILE, remedy: HOSTILE },
      { area: 'kafka', subject: 'b-2', status: 'ok', message: 'fine', remedy: null },
    ],
    io,
  );
  const { out } = outcome();
  assert.doesNotMatch(out, UNSAFE);
  assert.equal(out.split('\n').filter((line) => /^ {2}(ok|failed) /.test(line)).length, 2);
  assert.ok(!/^error: fake/m.test(out), out);
});

test('a cell of a table is one line, and its column is as wide as what is shown', () => {
  const text = table(
    [
      ['name', 'n'],
      ['x\ny\u001b[31m', '1'],
    ],
    { width: 80 },
  );
  assert.equal(text, 'name           n\nx⏎y\\u001b[31m  1\n');
});

test('an error message keeps its lines, but not what would act on the terminal', async () => {
  const { io, outcome } = memoryIo();
  const thrown = new DispatcherError('KAFKA_REFUSED', `refused\n\tat line 2 \u001b[2J\u202e`, {
    remedy: 'ask \u0007',
  });
  await runCli(['boom'], { ...io, secrets: new Secrets() }, [
    (program) => {
      program.command('boom').action(() => {
        throw thrown;
      });
    },
  ]);
  assert.equal(outcome().err, 'error: refused\n\tat line 2 \\u001b[2J\\u202e\n    → ask \\u0007\n');
});
