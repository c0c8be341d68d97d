import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openEventFile } from '../../../src/app/progress/event-file.js';
import type { RunEvent } from '../../../src/app/progress/events.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { Lines } from '../reload/helpers.js';

const FLUSH_MS = 10_000;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kd-events-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function event(elapsedSeconds: number): RunEvent {
  return { event: 'progress', at: '2026-11-28T00:00:00.000Z', name: 'job', elapsedSeconds } as RunEvent;
}

function eventsIn(path: string): readonly number[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { elapsedSeconds: number }).elapsedSeconds);
}

test('events are appended in order, one line each, also to a file that was there before', async (t) => {
  const path = join(folder(t), 'progress.jsonl');
  for (const from of [0, 3]) {
    const file = await openEventFile({ path, logger: new Lines() });
    for (let n = from; n < from + 3; n++) file.write(event(n));
    await file.close(FLUSH_MS);
  }
  assert.deepEqual(eventsIn(path), [0, 1, 2, 3, 4, 5]);
  assert.ok(readFileSync(path, 'utf8').endsWith('}\n'));
});

test('a file that has reached its maximum is kept as FILE.1, and begun again', async (t) => {
  const path = join(folder(t), 'progress.jsonl');
  const size = JSON.stringify(event(0)).length + 1;
  const file = await openEventFile({ path, logger: new Lines(), bytesMax: 3 * size });
  for (let n = 0; n < 8; n++) file.write(event(n));
  await file.close(FLUSH_MS);
  assert.deepEqual(eventsIn(`${path}.1`), [3, 4, 5]);
  assert.deepEqual(eventsIn(path), [6, 7]);
});

test('a link is not renamed, however large its file: it may be /dev/stdout', async (t) => {
  const path = join(folder(t), 'link');
  symlinkSync(`${path}.real`, path);
  const file = await openEventFile({ path, logger: new Lines(), bytesMax: 1 });
  for (let n = 0; n < 3; n++) file.write(event(n));
  await file.close(FLUSH_MS);
  assert.ok(lstatSync(path).isSymbolicLink());
  assert.deepEqual(eventsIn(`${path}.real`), [0, 1, 2]);
});

test('a file that is moved away is begun again: log rotation works', async (t) => {
  const path = join(folder(t), 'progress.jsonl');
  const file = await openEventFile({ path, logger: new Lines() });
  file.write(event(0));
  await file.close(FLUSH_MS);
  renameSync(path, `${path}.old`);
  file.write(event(1));
  await file.close(FLUSH_MS);
  assert.deepEqual([eventsIn(`${path}.old`), eventsIn(path)], [[0], [1]]);
});

test('a path that can not be meant is refused at once, with the option to change', async (t) => {
  const path = folder(t);
  for (const wrong of [path, join(path, 'missing', 'progress.jsonl')])
    await assert.rejects(openEventFile({ path: wrong, logger: new Lines() }), {
      code: 'USAGE',
      exitCode: 2,
      remedy: /--progress-file/,
    });
});

test('a disk that is full is warned about once, and further events are still tried', async (t) => {
  const path = join(folder(t), 'progress.jsonl');
  symlinkSync('/dev/full', path);
  const lines = new Lines();
  const file = await openEventFile({ path, logger: lines });
  for (let n = 0; n < 3; n++) file.write(event(n));
  await file.close(FLUSH_MS);
  assert.deepEqual(lines.of('warn', 'error').length, 1);
  assert.match(String(lines.all[0]?.fields['reason']), /no space left/);
  rmSync(path);
  file.write(event(3));
  await file.close(FLUSH_MS);
  assert.deepEqual(eventsIn(path), [3]);
});

test('a named pipe that nobody reads holds nothing up', async (t) => {
  const path = join(folder(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const lines = new Lines();
  const file = await openEventFile({ path, logger: lines });
  file.write(event(0));
  await file.close(FLUSH_MS);
  assert.equal(lines.of('warn').length, 1);
  assert.ok(existsSync(path));
});

test('more events than may wait are dropped with the same warning', async (t) => {
  const path = join(folder(t), 'progress.jsonl');
  const lines = new Lines();
  const file = await openEventFile({ path, logger: lines });
  for (let n = 0; n < 150; n++) file.write(event(n));
  await file.close(FLUSH_MS);
  assert.equal(lines.of('warn').length, 1);
  // The first is taken from the queue at once.
  assert.deepEqual(eventsIn(path).length, 101);
});

const NO_FILES: readonly (readonly [title: string, path: (folder: string) => string, said: RegExp])[] = [
  ['whose directory does not exist', (at) => join(at, 'none', 'p.jsonl'), /can't be written: ENOENT/],
  ['that is a directory', (at) => at, /can't be written: EISDIR/],
];

for (const [title, path, said] of NO_FILES)
  test(`a progress file ${title} is an error of usage, before anything is consumed`, async (t) => {
    await assert.rejects(openEventFile({ path: path(folder(t)), logger: new Lines() }), (error: unknown) => {
      assert.ok(error instanceof DispatcherError);
      assert.equal(error.code, 'USAGE');
      assert.match(error.message, said);
      assert.match(error.remedy ?? '', /--progress-file/);
      return true;
    });
  });

test("an event that can't be written is warned about once, and the others are tried", async (t) => {
  const at = folder(t);
  const path = join(at, 'sub', 'progress.jsonl');
  mkdirSync(join(at, 'sub'));
  const logger = new Lines();
  const file = await openEventFile({ path, logger });
  rmSync(join(at, 'sub'), { recursive: true });
  for (let n = 0; n < 3; n++) file.write(event(n));
  await file.close(FLUSH_MS);
  mkdirSync(join(at, 'sub'));
  file.write(event(3));
  await file.close(FLUSH_MS);
  assert.deepEqual(eventsIn(path), [3]);
  const [warning, ...more] = logger.all;
  assert.deepEqual(more, []);
  assert.match(
    warning?.message ?? '',
    /progress file is incomplete: .* could not be written; the run continues/,
  );
  assert.equal(warning?.fields['file'], path);
  assert.match(String(warning.fields['reason']), /ENOENT/);
  assert.match(String(warning.fields['hint']), /check whether its disk is full/);
});
