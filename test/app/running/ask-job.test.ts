import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askJob } from '../../../src/app/running/ask-job.js';
import { addressOf } from '../../../src/app/running/job-address.js';
import { askStatus } from '../../../src/app/running/job-status.js';
import type { ResolvedConfig } from '../../../src/config/keys/resolved.js';
import type { DispatcherError } from '../../../src/core/errors.js';
import { FakeJob, statusOf } from '../../support/running/fake-job.js';

function serverOf(port: number, address: string): NonNullable<ResolvedConfig['server']> {
  const server = { port, address, token: undefined, allowedHosts: [] };
  return server;
}

async function refusal(asking: Promise<unknown>): Promise<DispatcherError> {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason as DispatcherError,
  );
  assert.ok(error !== undefined, 'it was refused');
  return error;
}

test('a job is asked where its server listens; one that listens on all addresses, on this host', () => {
  const at = (address: string): string => addressOf(serverOf(8080, address), undefined).url;
  assert.equal(at('127.0.0.1'), 'http://127.0.0.1:8080');
  assert.equal(at('0.0.0.0'), 'http://127.0.0.1:8080');
  assert.equal(at('::'), 'http://[::1]:8080');
  assert.equal(at('fd00::7'), 'http://[fd00::7]:8080');
  assert.equal(addressOf(undefined, 'job-3:8080/').url, 'http://job-3:8080');
  assert.equal(addressOf(undefined, 'https://job.example').url, 'https://job.example');
});

test('an address that cannot be meant is refused with what to write', () => {
  for (const url of ['http://', 'http://a b', 'ftp://x:1', 'http://me:secret@host:1'])
    assert.throws(
      () => addressOf(undefined, url),
      (error: DispatcherError) => error.code === 'USAGE' && !error.message.includes('secret'),
      url,
    );
  assert.throws(() => addressOf(serverOf(0, '127.0.0.1'), undefined), { code: 'USAGE' });
  assert.throws(() => addressOf(undefined, undefined), { code: 'USAGE' });
});

test('the token of the configuration is sent, and a job that wants another one says so', async () => {
  const job = await FakeJob.start(() => ({ status: 401, text: '{"error":"a token is needed"}' }));
  const { code, message, remedy } = await refusal(askJob({ url: job.url, token: 'abc' }, '/status'));
  assert.deepEqual(job.authorizations, ['Bearer abc']);
  assert.equal(code, 'JOB_REFUSED');
  assert.match(message, /a token is needed/);
  assert.match(remedy ?? '', /server\.token/);
  assert.ok(!`${message}${remedy ?? ''}`.includes('abc'));
  await job.stop();
});

test('what is no answer of a job is refused, whatever it is', async () => {
  const answers = [
    { text: '<html>' },
    { text: '{"schema":2}' },
    { text: '[]' },
    { text: 'null' },
    { text: '', status: 404 },
    { text: '{"error":17}', status: 500 },
    { text: '', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
  ];
  for (const answer of answers) {
    const job = await FakeJob.start(() => answer);
    assert.equal(
      (await refusal(askStatus({ url: job.url, token: undefined }))).code,
      'JOB_REFUSED',
      answer.text,
    );
    await job.stop();
  }
});

test('no answer, an endless one and a closed port mean that the job cannot be reached', async () => {
  const silent = await FakeJob.start(() => undefined);
  const address = { url: silent.url, token: undefined };
  const late = await refusal(askJob(address, '/status', { timeoutMs: 100 }));
  assert.equal(late.code, 'JOB_UNREACHABLE');
  assert.match(late.message, /no answer within 100 ms/);
  await silent.stop();
  assert.match((await refusal(askJob(address, '/status'))).message, /connection refused/);
  const endless = await FakeJob.start(() => ({ text: 'x'.repeat(17 << 20) }));
  const long = await refusal(askJob({ url: endless.url, token: undefined }, '/status'));
  assert.match(long.message, /more than 16777216 bytes/);
  await endless.stop();
});

test('a body of another version is read as far as it goes: what it lacks is 0 or unknown', async () => {
  const odd = { schema: 1, name: 7, records: 'none', partitions: [null, 3, {}], deadLetteredBy: { A: 1 } };
  const job = await FakeJob.start(() => ({ text: JSON.stringify(odd) }));
  const { pipelines } = await askStatus({ url: job.url, token: undefined });
  const [first] = pipelines;
  assert.ok(first !== undefined && pipelines.length === 1);
  assert.equal(first.records.consumed, 0);
  assert.equal(first.ready, false);
  assert.equal(first.partitions.length, 3);
  await job.stop();
});

test('several pipelines of a process are each read', async () => {
  const body = {
    schema: 1,
    version: '9',
    pipelines: [statusOf(), statusOf({ name: 'b', version: undefined })],
  };
  const job = await FakeJob.start(() => ({ text: JSON.stringify(body) }));
  const { pipelines } = await askStatus({ url: job.url, token: undefined });
  assert.deepEqual(
    pipelines.map(({ name, version }) => [name, version]),
    [
      ['flights', '0.1.0'],
      ['b', '9'],
    ],
  );
  await job.stop();
});
