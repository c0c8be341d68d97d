import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createColors } from 'picocolors';
import { askStatus, type JobStatus } from '../../../src/app/running/job-status.js';
import { frame, type Picture } from '../../../src/cli/top/frame.js';
import { RateWatch, ratesBetween } from '../../../src/cli/top/rates.js';
import { afterKey, FIRST_VIEW, type View } from '../../../src/cli/top/view.js';
import { FakeJob, statusOf } from '../../support/running/fake-job.js';
import { HOSTILE, UNSAFE } from '../memory-io.js';

const plain = createColors(false);

async function read(...changes: readonly object[]): Promise<readonly JobStatus[]> {
  const pipelines = changes.map((change) => statusOf(change));
  const job = await FakeJob.start(() => ({ text: JSON.stringify({ schema: 1, pipelines }) }));
  const answer = await askStatus({ url: job.url, token: undefined });
  await job.stop();
  return answer.pipelines;
}

function pictureOf(pipelines: readonly JobStatus[], changes: Partial<Picture> = {}): Picture {
  const rates = pipelines.map(() => undefined);
  const nowMs = Date.parse('2026-11-29T09:00:00Z');
  return { pipelines, rates, url: 'http://job', lost: undefined, nowMs, ...changes };
}

const text = (picture: Picture, view: View = FIRST_VIEW, size = { columns: 100, rows: 30 }): string =>
  frame(picture, view, size, plain).lines.join('\n');

test('rates come from two looks, by the time of the job; a restart in between gives none', () => {
  const at = (elapsedSeconds: number, consumed: number, startedAt = 'a') => ({
    startedAt,
    elapsedSeconds,
    records: { consumed, emitted: consumed / 2, filtered: 0, deadLettered: 0, retried: 0 },
    bytes: { in: consumed * 10, out: 0 },
  });
  assert.equal(ratesBetween(undefined, at(1, 5)), undefined);
  assert.equal(ratesBetween(at(1, 5), at(1, 5)), undefined);
  assert.equal(ratesBetween(at(9, 500), at(1, 5, 'b')), undefined);
  const rates = ratesBetween(at(1, 100), at(3, 300));
  assert.deepEqual([rates?.in, rates?.out, rates?.bytesIn, rates?.dead], [100, 50, 1000, 0]);
});

test('each pipeline has its own rates', async () => {
  const watch = new RateWatch();
  assert.deepEqual(watch.see(await read({ name: 'a' }, { name: 'b' })), [undefined, undefined]);
  const [a, b] = watch.see(
    await read(
      { name: 'a', elapsedSeconds: 61, records: { consumed: 1500, emitted: 900 } },
      { name: 'b', elapsedSeconds: 62 },
    ),
  );
  assert.deepEqual([a?.in, b?.in], [500, 0]);
});

test('a frame says what runs, how fast, what is dead, and which partitions are furthest behind', async () => {
  const rates = [{ in: 52_310, out: 52_000, dead: 0.25, filtered: 3, bytesIn: 0, bytesOut: 0 }];
  const shown = text(pictureOf(await read({}), { rates }));
  for (const words of ['flights', 'ready', 'in 52,310/s', 'dead 0.3/s', 'BAD_JSON 40', 'in[3] 17: no number'])
    assert.ok(shown.includes(words), `${words} in\n${shown}`);
  assert.match(shown, /3 of 4 busy, 1 died/);
  assert.ok(shown.indexOf('in[1]  ') < shown.indexOf('in[0]  '));
});

test('a stall stands at the top with its remedy; a job that is gone keeps its last figures', async () => {
  const stall = { mechanism: 'destination', message: 'topic out cannot be written', remedy: 'create out' };
  const [stalled] = await read({ ready: false, stall });
  assert.ok(stalled !== undefined);
  assert.match(
    text(pictureOf([stalled])),
    /not ready.*\nSTALLED +topic out cannot be written\n +→ create out/,
  );
  const nowMs = 30_000;
  const lost = { words: 'connection refused', sinceMs: 18_000 };
  const gone = text(pictureOf([stalled], { nowMs, lost }));
  assert.match(gone, /no answer from http:\/\/job for 12 s, trying on: connection refused/);
  assert.match(gone, /1,000 in/);
});

test('text from elsewhere stays in its line and moves no cursor', async () => {
  const example = { message: HOSTILE, topic: HOSTILE, partition: 0, offset: 0 };
  const certificates = [{ subject: HOSTILE, notAfter: '2027-01-01T00:00:00Z' }];
  const pipelines = await read({
    name: HOSTILE,
    state: HOSTILE,
    version: HOSTILE,
    stall: { message: HOSTILE, remedy: HOSTILE },
    deadLetteredBy: { [HOSTILE]: { count: 1, example } },
    partitions: [{ topic: HOSTILE, partition: 0, lagRecords: 1, lagSeconds: 1 }],
    reloads: { count: 1, rejected: HOSTILE },
    certificates,
  });
  for (const line of frame(pictureOf(pipelines), FIRST_VIEW, { columns: 200, rows: 40 }, plain).lines)
    assert.doesNotMatch(line, UNSAFE);
});

test('a frame fits every size of a terminal, and its last line tells the keys', async () => {
  const partitions = Array.from({ length: 50 }, (_, partition) => ({
    topic: 'a-topic-with-quite-a-long-name-that-does-not-fit-everywhere',
    partition,
    lagRecords: partition,
    lagSeconds: 1,
  }));
  const picture = pictureOf(await read({ partitions }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 80 }), (columns, rows) => {
      for (const help of [false, true]) {
        const { lines } = frame(picture, { ...FIRST_VIEW, help, top: 1000 }, { columns, rows }, plain);
        assert.ok(lines.length <= rows);
        assert.ok(lines.every((line) => line.length < Math.max(2, columns)));
      }
    }),
  );
  const { lines } = frame(picture, FIRST_VIEW, { columns: 80, rows: 24 }, plain);
  assert.equal(lines.length, 24);
  assert.match(lines.at(-1) ?? '', /^q quit/);
});

test('keys scroll, sort, go to the next pipeline, and quit', () => {
  const sizes = { pipelines: 2, partitions: 30, page: 10 };
  const after = (...names: readonly string[]): View | 'quit' =>
    names.reduce<View | 'quit'>(
      (view, name) => (view === 'quit' ? view : afterKey(view, name, sizes)),
      FIRST_VIEW,
    );
  assert.deepEqual(after('down', 'down'), { ...FIRST_VIEW, top: 2 });
  assert.deepEqual(after('up'), FIRST_VIEW);
  assert.deepEqual(after('end', 'down'), { ...FIRST_VIEW, top: 20 });
  assert.deepEqual(after('right'), { ...FIRST_VIEW, sort: 'behind' });
  assert.deepEqual(after('left'), { ...FIRST_VIEW, sort: 'partition' });
  assert.deepEqual(after('p', 'p', 'p'), { ...FIRST_VIEW, pipeline: 1 });
  assert.deepEqual(after('?', 'escape'), FIRST_VIEW);
  for (const key of ['q', 'ctrl-c', 'escape']) assert.equal(after(key), 'quit');
  assert.deepEqual(after('x'), FIRST_VIEW);
});
