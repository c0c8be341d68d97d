/** `kd top` on a real terminal, against a server that answers as a job does. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { runKd } from '../../support/kd.js';
import { FakeJob, statusOf } from '../../support/running/fake-job.js';
import { KdOnTerminal } from '../../support/running/terminal.js';

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing) await close();
});

async function jobOf(status: () => object): Promise<FakeJob> {
  const job = await FakeJob.start(() => ({ text: JSON.stringify(status()) }));
  closing.push(() => job.stop());
  return job;
}

function top(url: string, options: ConstructorParameters<typeof KdOnTerminal>[1] = {}): KdOnTerminal {
  const kd = new KdOnTerminal(['top', '--url', url, '--interval', '200ms'], { cwd: '/', ...options });
  closing.push(() => kd.close());
  return kd;
}

const has =
  (pattern: RegExp) =>
  (screen: readonly string[]): boolean =>
    screen.some((line) => pattern.test(line));

test('it draws in place on the alternate screen, follows the job, and gives the terminal back', async () => {
  let looks = 0;
  const job = await jobOf(() => {
    looks += 1;
    return statusOf({
      elapsedSeconds: 60 + looks,
      records: { consumed: 1000 * looks, emitted: 500 * looks },
    });
  });
  const kd = top(job.url);
  await kd.shows('rates', has(/in 1,000\/s +out 500\/s/));
  kd.keys('?');
  await kd.shows('the help', has(/kd top: a running job, live/));
  kd.keys('?');
  await kd.shows('the job again', has(/flights {2}running, ready/));
  kd.keys('\u001b[C');
  await kd.shows(
    'the other order',
    (screen) => has(/BEHIND/)(screen) && screen.join('\n').search(/in\[0\] {2}/) >= 0,
  );
  kd.resize(12, 44);
  const small = await kd.shows('a smaller frame', (screen) => screen.length === 12);
  assert.ok(small.every((line) => line.length < 44));
  kd.keys('q');
  assert.equal(await kd.ended, 0);
  assert.match(kd.raw, /^\u001b\[\?1049h/);
  assert.ok(
    kd.raw.trimEnd().endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l'),
    JSON.stringify(kd.raw.slice(-80)),
  );
  // Nothing is cleared as a whole but at the beginning and after the change of size.
  assert.equal(kd.raw.split('\u001b[2J').length - 1, 2);
});

test('with NO_COLOR there is no colour', async () => {
  const job = await jobOf(() => statusOf());
  const kd = top(job.url, { env: { NO_COLOR: '1' } });
  await kd.shows('the job', has(/flights {2}running, ready/));
  kd.keys('q');
  assert.equal(await kd.ended, 0);
  assert.doesNotMatch(kd.raw, /\u001b\[[\d;]*m/);
});

test('a job that goes away is waited for, and its last figures stay', async () => {
  const job = await jobOf(() => statusOf());
  const kd = top(job.url);
  await kd.shows('the job', has(/flights {2}running/));
  await job.stop();
  const screen = await kd.shows('that it is gone', has(/^no answer from http:\/\/127\.0\.0\.1/));
  assert.ok(has(/1,000 in/)(screen));
  const again = await FakeJob.start(job.answer, Number(new URL(job.url).port));
  closing.push(() => again.stop());
  await kd.shows('it again', (lines) => !has(/^no answer/)(lines) && has(/flights/)(lines));
  kd.keys('\u0003');
  assert.equal(await kd.ended, 0);
});

test('without a terminal it prints one picture after another, or lines of JSON', async () => {
  const job = await jobOf(() => statusOf());
  const args = ['top', '--url', job.url, '--interval', '200ms', '--frames', '2'];
  const { code, stdout } = await runKd(args, { cwd: '/' });
  assert.equal(code, 0);
  assert.equal(stdout.match(/flights {2}running, ready/g)?.length, 2);
  assert.ok(!stdout.includes('\u001b'));
  const lines = (await runKd([...args, '-o', 'json'], { cwd: '/' })).stdout.trim().split('\n');
  assert.equal(lines.length, 2);
  assert.ok(
    lines.every((line) => (JSON.parse(line) as { status: { name: string } }).status.name === 'flights'),
  );
});

test('kd status: exit 0 when ready, 6 when not, 3 when no job answers', async () => {
  let body = statusOf();
  const job = await jobOf(() => body);
  const status = (...args: readonly string[]) => runKd(['status', '--url', job.url, ...args], { cwd: '/' });
  const ready = await status();
  assert.equal(ready.code, 0, ready.stderr);
  assert.match(ready.stdout, /flights {2}running, ready .*\n.*1,000 in, 900 out, 60 filtered \(SMALL 60\)/);
  assert.deepEqual(JSON.parse((await status('-o', 'json')).stdout), body);
  body = {
    schema: 1,
    pipelines: [statusOf(), statusOf({ name: 'b', ready: false, notReady: 'no partitions' })],
  };
  const unready = await status();
  assert.equal(unready.code, 6);
  assert.match(unready.stdout, /not ready +no partitions/);
  const nobody = await runKd(['status', '--url', 'http://127.0.0.1:1', '-o', 'json'], { cwd: '/' });
  assert.equal(nobody.code, 3);
  const { error } = JSON.parse(nobody.stdout) as { error: { code: string; remedy: string } };
  assert.equal(error.code, 'JOB_UNREACHABLE');
});
