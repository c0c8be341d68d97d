/** A record is a dead letter only for what it is itself, whichever message set it travels in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../src/app/summary.js';
import { assertLaw, Job, type JobSpec } from '../integration/job.js';
import { arrived, eventually } from '../integration/waiting.js';
import { lastJson } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { headerOf, numbersIn, offsetsOf, type PacedRecord, Pacer } from './support.js';

const COUNT = 400;
const PER_SECOND = 1_000;
const AHEAD_MS = 30 * 86_400_000;
const WITHOUT_KEY = /Compacted topic cannot accept message without key/;
const ANY_TIME = { 'message.timestamp.after.max.ms': '9223372036854775807' };

const cluster = await sharedCluster();

type Change = (n: number) => Partial<PacedRecord>;

function numbered(job: Job, count: number, change: Change, partitions = 1): PacedRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    topic: job.input,
    partition: n % partitions,
    key: Buffer.from(`key ${n}`),
    value: Buffer.from(`${n} value`),
    ...change(n),
  }));
}

const withoutKey =
  (guilty: readonly number[]): Change =>
  (n) =>
    guilty.includes(n) ? { key: null } : {};

function jobOf(spec: Partial<JobSpec> = {}): Promise<Job> {
  return Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    outputConfigs: { 'cleanup.policy': 'compact' },
    ...spec,
  });
}

/** The run is there before the first record, and takes them as they come; its summary, or the refusal's. */
async function trickled(
  job: Job,
  records: readonly PacedRecord[],
  { expect = 0, args = [] }: { readonly expect?: number; readonly args?: readonly string[] } = {},
): Promise<Summary> {
  const kd = job.spawn(['--until', 'forever', ...args]);
  await kd.waitFor(/"message":"assigned"/);
  const pacer = await Pacer.connect(cluster.bootstrapServers);
  await pacer.send(records, PER_SECOND);
  await pacer.close();
  if (expect === 0) {
    await eventually('all is committed', async () => (await job.committed()) === records.length);
    kd.kill('SIGTERM');
  }
  const { code, stdout, stderr } = await kd.ended;
  assert.equal(code, expect, stderr.slice(-6000));
  const summary = lastJson(stdout) as Summary;
  assertLaw(summary);
  return summary;
}

interface Expected {
  readonly count?: number;
  readonly guilty: readonly number[];
  readonly words: RegExp;
  readonly output?: string;
}

/** Output and dead letters hold every record, and the summary counts each once. */
async function assertGuilty(job: Job, summary: Summary, expected: Expected): Promise<void> {
  const { count = COUNT, guilty, words, output = job.output } = expected;
  const deadLetters = await cluster.tool.consume([job.deadLetters]);
  const dead = numbersIn(deadLetters).sort((a, b) => a - b);
  // A record beside another guilty one may be read again, dead letter and all; a single one is dead once.
  assert.deepEqual(guilty.length === 1 ? dead : [...new Set(dead)], guilty);
  for (const one of deadLetters) assert.match(headerOf(one, 'kd-message'), words);
  const delivered = [...new Set(numbersIn(await cluster.tool.consume([output])))].sort((a, b) => a - b);
  const innocents = Array.from({ length: count }, (_, n) => n).filter((n) => !guilty.includes(n));
  assert.deepEqual(delivered, innocents);
  assert.deepEqual(
    [summary.records.transformed, summary.records.deadLettered],
    [innocents.length, guilty.length],
  );
}

for (let run = 1; run <= 3; run++) {
  test(
    'one record without a key among 400 for a compacted output makes one dead letter at defaults ' +
      `(run ${run})`,
    async () => {
      const job = await jobOf();
      const summary = await trickled(job, numbered(job, COUNT, withoutKey([200])));
      await assertGuilty(job, summary, { guilty: [200], words: WITHOUT_KEY });
      job.remove();
    },
  );
}

test('several refused records among 400 in four partitions: only they become dead letters', async () => {
  const job = await jobOf({ partitions: 4 });
  const guilty = [0, 1, 57, 58, 59, 60, 61, 200, 203, 398, 399];
  const summary = await trickled(job, numbered(job, COUNT, withoutKey(guilty), 4));
  await assertGuilty(job, summary, { guilty, words: WITHOUT_KEY });
  job.remove();
});

const ONE_BY_ONE = {
  dispatcher: { batch: { 'records-max': 1 } },
  producer: { properties: { 'linger.ms': '500' } },
};

test(
  'where message sets cross batches (records-max: 1, linger.ms: 500) only refused records become ' +
    'dead letters',
  async () => {
    const job = await jobOf(ONE_BY_ONE);
    const guilty = [3, 200, 201, 350];
    const summary = await trickled(job, numbered(job, COUNT, withoutKey(guilty)));
    await assertGuilty(job, summary, { guilty, words: WITHOUT_KEY });
    job.remove();
  },
);

test(
  'without a dead-letter topic exit 5 names the guilty offset, and what is before it is ' + 'committed',
  async () => {
    for (const spec of [{}, ONE_BY_ONE]) {
      const job = await jobOf({ deadLetter: false, ...spec });
      const summary = await trickled(job, numbered(job, COUNT, withoutKey([213, 305])), { expect: 5 });
      assert.match(summary.reason.message, /partition 0, offset 213: INVALID_RECORD/);
      assert.match(summary.reason.message, WITHOUT_KEY);
      assert.equal(await job.committed(), 213);
      const delivered = new Set(numbersIn(await cluster.tool.consume([job.output])));
      for (let n = 0; n < 213; n++) assert.ok(delivered.has(n), `${n} is not delivered`);
      assert.ok(!delivered.has(213));
      job.remove();
    }
  },
);

test(
  'timestamps beyond message.timestamp.after.max.ms make only their records dead letters, with ' +
    "the broker's words",
  async () => {
    const job = await jobOf({
      inputConfigs: ANY_TIME,
      outputConfigs: { 'message.timestamp.after.max.ms': '3600000' },
    });
    const guilty = [7, 200, 399];
    const ahead = Date.now() + AHEAD_MS;
    const summary = await trickled(
      job,
      numbered(job, COUNT, (n) => (guilty.includes(n) ? { timestamp: ahead } : {})),
    );
    await assertGuilty(job, summary, { guilty, words: /[Tt]imestamp .*(out of range|should be)/ });
    job.remove();
  },
);

test(
  'a compacted dead-letter topic refuses one dead letter among many: exit 5 names its ' + 'record',
  async () => {
    const job = await jobOf({
      outputConfigs: {},
      transform: `import { reject } from 'kafka-dispatcher';
      export default (value, record) => (record.offset % 2 === 0 ? reject('EVEN', 'even') : value);`,
    });
    await cluster.tool.alterTopicConfigs(job.deadLetters, { 'cleanup.policy': 'compact' });
    const args = ['--set', 'dispatcher.dead-letter.stop-above=100%'];
    const summary = await trickled(job, numbered(job, COUNT, withoutKey([212])), { expect: 5, args });
    assert.equal(summary.reason.code, 'DEAD_LETTER_REFUSED');
    assert.match(summary.reason.message, /offset 212: .*without key/s);
    assert.equal(await job.committed(), 212);
    const dead = offsetsOf(await cluster.tool.consume([job.deadLetters]));
    assert.ok(dead.every((offset) => offset % 2 === 0 && offset !== 212));
    assert.equal(new Set(dead.filter((offset) => offset < 212)).size, 106);
    job.remove();
  },
);

test(
  "with a batch.size above the topic's max.message.bytes only too large records become dead " + 'letters',
  async () => {
    const job = await jobOf({
      outputConfigs: { 'max.message.bytes': '100000' },
      producer: { properties: { 'batch.size': '900000', 'linger.ms': '100' } },
    });
    const guilty = [50, 51, 120];
    const bytes = (n: number): number => (guilty.includes(n) ? 150_000 : 30_000);
    const summary = await trickled(
      job,
      numbered(job, 200, (n) => ({ value: Buffer.from(`${n} ${'x'.repeat(bytes(n))}`) })),
    );
    await assertGuilty(job, summary, {
      count: 200,
      guilty,
      words: /MSG_SIZE_TOO_LARGE: .*max\.message\.bytes/,
    });
    job.remove();
  },
);

test('a topic with a lower limit, first seen through emit, refuses only too large records', async () => {
  const job = await jobOf({
    transform: `import { emit } from 'kafka-dispatcher';
      export default (value, record) => emit(value, { topic: record.topic.replace(/-in$/, '-small') });`,
  });
  const output = job.output.replace(/-out$/, '-small');
  await cluster.createTopic(output, { partitions: 1, configs: { 'max.message.bytes': '20000' } });
  const guilty = [0, 100];
  const bytes = (n: number): number => (guilty.includes(n) ? 30_000 : 4_000);
  const records = numbered(job, 200, (n) => ({ value: Buffer.from(`${n} ${'x'.repeat(bytes(n))}`) }));
  const summary = await trickled(job, records);
  await assertGuilty(job, summary, {
    count: 200,
    guilty,
    words: /MSG_SIZE_TOO_LARGE: .*max\.message\.bytes/,
    output,
  });
  assert.equal(await arrived(job, job.output), 0);
  job.remove();
});
