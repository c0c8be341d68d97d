/** `kd consume` needs READ and DESCRIBE on the topic and nothing else; a missing right is named. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type KdResult, runKd } from '../../support/kd.js';
import { type SecureCluster, startSecureCluster, USERS } from '../../support/secure-cluster.js';

let secure: SecureCluster;
const folder = mkdtempSync(join(tmpdir(), 'kd-rights-'));

before(async () => {
  secure = await startSecureCluster();
  const { tool } = secure.cluster;
  for (const topic of ['open', 'unreadable', 'hidden'])
    await secure.cluster.createTopic(topic, { partitions: 1 });
  const user = USERS.limited.name;
  await tool.grant(user, [
    { resource: 'topic', name: 'open', operations: ['READ', 'DESCRIBE'] },
    { resource: 'topic', name: 'unreadable', operations: ['DESCRIBE'] },
  ]);
  for (const topic of ['open', 'unreadable']) await tool.send(topic, [{ value: Buffer.from('one') }]);
  const properties = secure.properties('SCRAM', USERS.limited);
  writeFileSync(
    join(folder, 'kd.yml'),
    JSON.stringify({ kafka: { 'bootstrap-servers': secure.address('SCRAM'), properties } }),
  );
});

after(async () => {
  rmSync(folder, { recursive: true });
  await secure.cluster.stop();
});

const consume = (topic: string): Promise<KdResult> =>
  runKd(['consume', topic, '--raw'], { cwd: folder, timeoutMs: 40_000 });

test('a topic with the right to read is printed, without any right to a group', async () => {
  const { code, stdout, stderr } = await consume('open');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /one/);
});

test('without the rights to its topic consume exits 8 and says how to grant them', async () => {
  for (const topic of ['unreadable', 'hidden']) {
    const { code, stderr } = await consume(topic);
    assert.equal(code, 8, `${topic}: ${stderr}`);
    assert.match(stderr, new RegExp(`User:limited, .* has no right to READ on topic ${topic}`));
    assert.match(stderr, new RegExp(`kafka-acls\\.sh .* --operation Read --topic ${topic}`));
  }
});
