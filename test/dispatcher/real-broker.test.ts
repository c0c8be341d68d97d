import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../src/app/summary.js';
import { assertExact, assertLaw, Job } from '../integration/job.js';
import { eventually } from '../integration/waiting.js';
import type { Recipe } from '../support/java/requests.js';
import { lastJson } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';

test(
  "a batch that lingers longer than several of librdkafka's reports is not skipped: every record " +
    'arrives once',
  async () => {
    const cluster = await sharedCluster();
    const recipe: Recipe = { seed: 71, records: 90, partitions: 3, keys: 'sequence' };
    const job = await Job.create({ cluster, partitions: 3, dispatcher: { batch: { linger: '6s' } } });
    await cluster.tool.produce({ topic: job.input, recipe });
    const { summary } = await job.runToEnd();
    assert.equal(summary.records.consumed, recipe.records);
    assert.equal(summary.records.retried, 0);
    assert.equal(await job.committed(), recipe.records);
    assertExact(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
    job.remove();
  },
);

const HEEDS_ITS_SIGNAL = `
export default (value, record, { signal }) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(value), 20);
    signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); });
  });
`;

test(
  'SIGTERM makes no dead letters of a transform that respects ' + 'its signal: a drain lets it finish',
  async () => {
    const cluster = await sharedCluster();
    const recipe: Recipe = { seed: 72, records: 3000, partitions: 2, keys: 'sequence' };
    const job = await Job.create({
      cluster,
      partitions: 2,
      deadLetter: true,
      transform: HEEDS_ITS_SIGNAL,
      dispatcher: { batch: { 'records-max': 200 } },
    });
    await cluster.tool.produce({ topic: job.input, recipe });
    const kd = job.spawn(['--until', 'forever']);
    await eventually('something is committed', async () => (await job.committed()) > 0);
    kd.kill('SIGTERM');
    const result = await kd.ended;
    assert.equal(result.code, 0, result.stderr.slice(-3000));
    const summary = lastJson(result.stdout) as Summary;
    assertLaw(summary);
    assert.equal(summary.records.deadLettered, 0);
    assert.equal(summary.records.unsettled, 0);
    assert.ok(summary.records.transformed > 0 && summary.records.transformed < recipe.records);
    assert.match(result.stderr, /running/);
    job.remove();
  },
);
