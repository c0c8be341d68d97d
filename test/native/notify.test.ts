import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import { native } from './harness.js';

const nameOf = (error: number): string => (error === 0 ? '' : getSystemErrorName(-error));

test('a message that nobody receives comes back with the reason', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kd-notify-'));
  assert.equal(nameOf(native.notifyService(join(folder, 'none'), 'READY=1')), 'ENOENT');
  assert.equal(nameOf(native.notifyService(`@${folder}`, 'READY=1')), 'ECONNREFUSED');
  rmSync(folder, { recursive: true });
});

test('what is no address, no message or too long is refused', () => {
  for (const address of ['', '/', '@', 'relative', 'vsock:2:9'])
    assert.equal(nameOf(native.notifyService(address, 'READY=1')), 'EINVAL');
  assert.equal(nameOf(native.notifyService(`/${'n'.repeat(200)}`, 'READY=1')), 'ENAMETOOLONG');
  assert.equal(nameOf(native.notifyService('@x', '')), 'EMSGSIZE');
  assert.throws(() => native.notifyService('@x', 'x'.repeat(2049)), TypeError);
  assert.throws(() => native.notifyService(`/${'n'.repeat(5000)}`, 'READY=1'), TypeError);
});
