import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnosis } from '../../../src/diagnosis/types.js';
import { type OutageClient, Outages } from '../../../src/kafka/client/outages.js';
import { RecordingLogger } from '../support.js';

const SECOND = 1_000;

function away(broker: string, fault: Diagnosis['fault'] = 'connection-refused'): Diagnosis {
  return {
    broker,
    stage: 'tcp',
    fault,
    message: `broker ${broker}: ${fault}`,
    remedy: 'start it',
    refused: false,
  };
}

const reason = (...found: readonly Diagnosis[]) => ({ found, remedy: 'start it' });

/** Consumer and producer of each pipeline, all on one cluster unless it is named. */
function clients(logger: RecordingLogger, pipelines: number, servers = ['a:1', 'b:1']): OutageClient[] {
  return Array.from({ length: pipelines }, () =>
    (['consumer', 'producer'] as const).map((role) => ({ role, servers, logger })),
  ).flat();
}

test('an outage of all clients of 24 pipelines is one line per minute, and one at its end', () => {
  const logger = new RecordingLogger();
  const outages = new Outages();
  const all = clients(logger, 24);
  for (let ms = 0; ms < 150 * SECOND; ms += 2 * SECOND)
    for (const client of all) outages.report(client, reason(away('a:1'), away('b:1')), ms);
  assert.deepEqual(
    logger.entries.map(({ level, fields }) => [level, fields['forMs']]),
    [
      ['warn', 0],
      ['warn', 60_000],
      ['warn', 120_000],
    ],
  );
  for (const client of all) outages.over(client, 151 * SECOND);
  const last = logger.entries.at(-1);
  assert.equal(logger.entries.length, 4);
  assert.equal(last?.message, 'kafka: connected to the brokers again after 151 s');
  assert.deepEqual(last.fields, { clients: 'consumer producer', forMs: 151_000 });
});

test('reasons that keep changing, on several clusters, stay below five lines per minute', () => {
  const logger = new RecordingLogger();
  const outages = new Outages();
  const all = [...clients(logger, 1), ...clients(logger, 1, ['c:1']), ...clients(logger, 1, ['d:1'])];
  for (let ms = 0; ms < 60 * SECOND; ms += 2 * SECOND)
    for (const client of all) {
      const [server = ''] = client.servers;
      outages.report(
        client,
        reason(away(server, ms % 4_000 === 0 ? 'connection-refused' : 'unreachable')),
        ms,
      );
    }
  assert.ok(logger.entries.length <= 5, `${logger.entries.length} lines`);
  const [first] = all;
  assert.ok(first !== undefined);
  outages.report(first, reason(away('a:1', 'unresolvable')), 60 * SECOND);
  const { message = '', fields = {} } = logger.entries.at(-1) ?? {};
  assert.match(message, / \(\d+ more like this in the last \d+ s\)$/);
  assert.ok(Number(fields['suppressed']) > 10);
});

test('a client that ends during an outage neither keeps it alive nor ends it', () => {
  const logger = new RecordingLogger();
  const outages = new Outages();
  const [consumer, producer] = clients(logger, 1);
  assert.ok(consumer !== undefined && producer !== undefined);
  for (const client of [consumer, producer]) outages.report(client, reason(away('a:1')), 0);
  outages.gone(consumer);
  assert.equal(logger.entries.length, 1);
  outages.over(producer, 5 * SECOND);
  assert.equal(logger.entries.length, 2);
  outages.over(producer, 6 * SECOND);
  assert.equal(logger.entries.length, 2);
});
