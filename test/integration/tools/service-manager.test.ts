/** A run under a service manager, played by a program of its own. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServiceManager } from '../../support/service/manager.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const COMMANDS = /^(READY|RELOADING|STOPPING)=1$/;

test('the service manager hears of the start, of life, of a reload and of the stop', async () => {
  const job = await Job.create({ cluster: await sharedCluster() });
  const manager = await ServiceManager.listen(`@${job.group}`);
  const kd = job.spawn([], { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '1000000' });
  await manager.waitFor('READY=1');
  await manager.waitFor('WATCHDOG=1', 4);
  assert.ok(manager.lines.some((line) => /^STATUS=running: 4 partitions/.test(line)));

  const file = join(job.folder, 'kd.yml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"200ms"', '"300ms"'));
  kd.kill('SIGHUP');
  const lines = await manager.waitFor('READY=1', 2);
  assert.match(lines[lines.indexOf('RELOADING=1') + 1] ?? '', /^MONOTONIC_USEC=\d+$/);

  kd.kill('SIGTERM');
  const { code, stderr } = await kd.ended;
  assert.equal(code, 0, stderr);
  await manager.waitFor('STATUS=ending');
  await manager.close();
  assert.deepEqual(
    manager.lines.filter((line) => COMMANDS.test(line)),
    ['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1'],
  );
  assert.deepEqual([...new Set(manager.notices.map(({ pid }) => pid))], [kd.pid]);
  job.remove();
});

test('a socket where nobody listens is reported once, and does not stop the run', async () => {
  const job = await Job.create({ cluster: await sharedCluster() });
  const kd = job.spawn(['--until', 'end'], { NOTIFY_SOCKET: join(job.folder, 'none') });
  const { code, stderr } = await kd.ended;
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/the service manager does not get messages/g)?.length, 1, stderr);
  assert.match(stderr, /ENOENT/);
  job.remove();
});
