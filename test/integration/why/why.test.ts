import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { eventually } from '../waiting.js';
import { ask, jobOn, running, send } from './asking.js';

test('with source headers results, a dead letter and filtered are told apart exactly', async () => {
  const job = await jobOn(await sharedCluster());
  await send(job, ['0', '3', '7', '9', '4']);
  await job.runToEnd();
  const settled = await ask(job, 0);
  assert.deepEqual([settled.answer.state, settled.code], ['settled', 0]);
  assert.deepEqual(settled.answer.results, [
    { topic: job.output, partition: 0, offset: 0, certainty: 'exact' },
  ]);
  assert.equal(settled.answer.committed, true);
  assert.match(settled.text, /committed: group .* is at 5/);
  const filtered = await ask(job, 1);
  assert.equal(filtered.answer.state, 'filtered');
  const dead = await ask(job, 2);
  assert.equal(dead.answer.state, 'dead-letter');
  const { deadLetter } = dead.answer;
  assert.deepEqual(
    [deadLetter?.topic, deadLetter?.offset, deadLetter?.code, deadLetter?.message],
    [job.deadLetters, 0, 'SEVEN', 'not seven'],
  );
  const twice = await ask(job, 3);
  assert.deepEqual(
    twice.answer.results.map(({ offset }) => offset),
    [1, 2],
  );
  const missing = await ask(job, 5);
  assert.equal(missing.answer.state, 'not-written');
  job.remove();
});

test('without them a result is likely by key and timestamp; a receipt says what was filtered', async () => {
  const job = await jobOn(await sharedCluster(), { dispatcher: { output: { format: 'raw' } } });
  const receipt = join(job.folder, 'receipt.jsonl');
  await send(job, ['3', '3']);
  await job.runToEnd({ args: ['--receipt', receipt] });
  await send(job, ['0', '1']);
  await job.runToEnd({ args: ['--receipt', receipt] });
  const likely = await ask(job, 3);
  assert.deepEqual(likely.answer.results, [
    { topic: job.output, partition: 0, offset: 1, certainty: 'likely' },
  ]);
  const unsure = await ask(job, 0);
  assert.deepEqual([unsure.answer.state, unsure.answer.results], ['settled', []]);
  assert.match(unsure.answer.remedy ?? '', /source-headers/);
  const listed = await ask(job, 0, { args: ['--receipt', receipt] });
  assert.deepEqual([listed.answer.state, listed.answer.filteredBy], ['filtered', 'THREE']);
  assert.match(listed.answer.receipt ?? '', /settled together with 2 records/);
  const found = await ask(job, 3, { args: ['--receipt', receipt] });
  assert.equal(found.answer.results[0]?.offset, 1);
  job.remove();
});

test('a running job says behind which record another waits, and which worker has that one', async () => {
  const job = await jobOn(await sharedCluster(), {
    dispatcher: { ordering: 'partition', batch: { 'records-max': 1 }, timeout: '50s', 'drain-timeout': '1s' },
  });
  await send(job, ['0', 'stuck', '4', ...Array.from({ length: 50 }, () => '5')]);
  const { kd, url } = await running(job);
  await eventually('the first is committed', async () => (await job.committed()) === 1);
  const stuck = await ask(job, 1, { args: ['--url', url] });
  assert.equal(stuck.answer.state, 'waiting');
  assert.match(stuck.text, /It is with worker \d+/);
  assert.equal(stuck.answer.committed, false);
  const behind = await ask(job, 2, { args: ['--url', url] });
  assert.equal(behind.answer.state, 'waiting');
  assert.deepEqual([behind.answer.waitingFor?.offset, behind.answer.waitingFor?.why], [1, 'transforming']);
  const done = await ask(job, 0, { args: ['--url', url] });
  assert.deepEqual([done.answer.state, done.answer.results.length], ['settled', 1]);
  assert.match(done.text, /the running job is done with it/);
  const response = await fetch(`${url}/why?topic=${job.input}&partition=0&offset=x`);
  assert.equal(response.status, 400);
  kd.kill('SIGKILL');
  await kd.ended;
  const orphan = await ask(job, 2);
  assert.equal(orphan.answer.state === 'not-read' || orphan.answer.state === 'not-settled', true);
  job.remove();
});

test('of the records that a worker has begun, only the stuck one is said to be in progress', async () => {
  const job = await jobOn(await sharedCluster(), {
    dispatcher: { ordering: 'output', timeout: '50s', 'drain-timeout': '1s' },
  });
  await send(job, ['0', 'stuck', '4', '5', '5']);
  const { kd, url } = await running(job);
  await eventually(
    'a worker has it',
    async () => (await ask(job, 1, { args: ['--url', url] })).answer.state === 'waiting',
  );
  const still = async (offset: number): Promise<string> =>
    (await ask(job, offset, { args: ['--url', url] })).text;
  await eventually('it takes long', async () => /: it is in progress, and nothing was/.test(await still(1)));
  assert.match(
    await still(3),
    /It is with worker \d+ \([^)]*\): an earlier record of the batch is in progress/,
  );
  kd.kill('SIGKILL');
  await kd.ended;
  job.remove();
});

test('records before one that is not read are counted; with two members the owner is named', async () => {
  const job = await jobOn(await sharedCluster(), { partitions: 2 });
  await send(job, ['0', '1', '2'], 0);
  await send(job, ['0', '1', '2'], 1);
  const nobody = await ask(job, 2);
  assert.equal(nobody.answer.state, 'not-consumed');
  assert.match(nobody.text, /has never committed anything/);
  const one = await running(job, ['--rate', '1/s', '--set', 'name=one']);
  const two = await running(job, ['--rate', '1/s', '--set', 'name=two']);
  const urls = [one.url, two.url];
  await eventually('each has one', async () => {
    const answers = await Promise.all(
      urls.map(async (url) => (await fetch(`${url}/status`)).json() as Promise<{ owned: number }>),
    );
    return answers.every(({ owned }) => owned === 1);
  });
  await send(
    job,
    Array.from({ length: 500 }, () => '5'),
    1,
  );
  const asked = await Promise.all(urls.map((url) => ask(job, 400, { partition: 1, args: ['--url', url] })));
  const states = asked.map(({ answer }) => answer.state).sort();
  assert.deepEqual(states, ['not-read', 'not-settled']);
  const reader = asked.find(({ answer }) => answer.state === 'not-read');
  assert.ok((reader?.answer.recordsBefore ?? 0) > 300, JSON.stringify(reader?.answer));
  const other = asked.find(({ answer }) => answer.state === 'not-settled');
  assert.match(other?.text ?? '', /belongs to member (one|two) at/);
  for (const { kd } of [one, two]) kd.kill('SIGTERM');
  await Promise.all([one.kd.ended, two.kd.ended]);
  job.remove();
});

test('records that retention, a transaction or a new topic took away are told apart', async () => {
  const cluster = await sharedCluster();
  const job = await jobOn(cluster);
  const records = [0, 1].map((n) => ({ partition: 0, key: Buffer.from('k'), value: Buffer.from(String(n)) }));
  await cluster.tool.sendTransaction(job.input, records, 'commit');
  await cluster.tool.sendTransaction(job.input, records, 'abort');
  assert.equal((await ask(job, 2)).answer.state, 'marker');
  assert.equal((await ask(job, 3)).answer.state, 'aborted');
  await job.runToEnd();
  assert.equal((await ask(job, 0)).answer.state, 'settled');
  const open = await cluster.tool.openTransaction(job.input, records);
  assert.equal((await ask(job, 6)).answer.state, 'open-transaction');
  await open.end('commit');
  await cluster.tool.deleteRecords(job.input, { 0: 1 });
  const gone = await ask(job, 0);
  // The record is gone, and its result still names it.
  assert.deepEqual([gone.answer.state, gone.answer.results.length], ['settled', 1]);
  assert.match(gone.text, /gone from the log/);
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions: 1 });
  await send(job, ['0']);
  const anew = await ask(job, 0);
  // Brokers forget the commits of a deleted topic.
  assert.equal(anew.answer.state, 'not-consumed');
  assert.equal((await ask(job, 0, { partition: 4 })).code, 6);
  job.remove();
});
