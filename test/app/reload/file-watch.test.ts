import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, readOnceOnly } from '../../../src/app/reload/file-digest.js';
import { FileWatch } from '../../../src/app/reload/file-watch.js';
import { newClock, pass } from './helpers.js';

const INTERVAL_MS = 30_000;

function watching(look: () => string): {
  readonly clock: ReturnType<typeof newClock>;
  readonly watch: FileWatch;
  readonly changes: number[];
} {
  const clock = newClock();
  const changes: number[] = [];
  const watch = new FileWatch({
    clock,
    intervalMs: INTERVAL_MS,
    files: () => [],
    look: () => Promise.resolve(look()),
    changed: () => changes.push(clock.nowMs()),
  });
  watch.start();
  return { clock, watch, changes };
}

test('the content at the start is reported once, when it no longer changes', async () => {
  const { clock, changes, watch } = watching(() => 'same');
  await pass(clock, 10 * INTERVAL_MS);
  assert.deepEqual(changes, [2_000]);
  watch.stop();
});

test('the watch does not wait for a pipe, and reports it as readable only once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kd-watch-'));
  try {
    const [file, pipe] = [join(directory, 'file'), join(directory, 'pipe')];
    writeFileSync(file, 'x');
    execFileSync('mkfifo', [pipe]);
    assert.equal(await digestOf([pipe]), await digestOf([pipe]));
    assert.equal(await readOnceOnly([file, directory, join(directory, 'missing'), pipe]), pipe);
    assert.equal(await readOnceOnly([file, directory, join(directory, 'missing')]), undefined);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a change is reported when two checks agree, so a half-written file is not used', async () => {
  let content = 'old';
  const { clock, changes, watch } = watching(() => content);
  await pass(clock, 10_000);
  content = 'half';
  await pass(clock, 22_500);
  content = 'more';
  await pass(clock, 1_000);
  content = 'whole';
  await pass(clock, 10_000);
  assert.deepEqual(changes, [2_000, 35_000]);
  watch.stop();
});

test('content that appears and disappears between two checks is no change', async () => {
  let content = 'old';
  const { clock, changes, watch } = watching(() => content);
  await pass(clock, 31_500);
  content = 'blip';
  await pass(clock, 1_000);
  content = 'old';
  await pass(clock, 5 * INTERVAL_MS);
  assert.equal(changes.length, 1);
  watch.stop();
});

test('a stopped watch checks nothing any more', async () => {
  let looks = 0;
  const { clock, watch } = watching(() => String(looks++));
  watch.stop();
  await pass(clock, INTERVAL_MS);
  assert.equal(looks, 0);
});

test(
  'the digest follows contents: through symlinks of mounted secrets and for deleted files, but ' +
    'not for a new timestamp',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kd-watch-'));
    const secret = join(folder, 'password');
    for (const [name, text] of [
      ['first', 'one'],
      ['second', 'two'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'password'), text);
    }
    // As Kubernetes does it: password → ..data/password, ..data → first; then ..data is replaced by one
    // rename.
    symlinkSync('first', join(folder, '..data'));
    symlinkSync(join('..data', 'password'), secret);
    const one = await digestOf([secret]);
    writeFileSync(join(folder, 'first', 'password'), 'one');
    assert.equal(await digestOf([secret]), one);
    symlinkSync('second', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    const two = await digestOf([secret]);
    assert.notEqual(two, one);
    rmSync(secret);
    assert.notEqual(await digestOf([secret]), two);
    assert.equal(await digestOf([]), await digestOf([]));
    rmSync(folder, { recursive: true });
  },
);
