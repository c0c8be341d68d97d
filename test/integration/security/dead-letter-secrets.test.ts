import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const TRANSFORM = `class Refused extends Error { name = 'Refused ' + process.env.RACK_TOKEN; }
export default () => {
  throw new Refused('password ' + process.env.RACK_TOKEN + ' was refused for ssl-Canary-91cd');
};`;

test('a configured secret that a thrown error quotes is in no header of its dead letter', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: TRANSFORM,
    properties: { 'client.rack': '${RACK_TOKEN}', 'ssl.key.password': 'ssl-Canary-91cd' },
  });
  await cluster.tool.send(job.input, [{ partition: 0, value: Buffer.from('a') }]);
  const result = await job.spawn(['--until', 'end'], { RACK_TOKEN: 'rack-Canary-77ab' }).ended;
  assert.equal(result.code, 0, result.stderr.slice(-3000));
  const [letter] = await cluster.tool.consume([job.deadLetters]);
  const headers = letter?.headers.map(([name, value]) => `${name}: ${value?.toString() ?? ''}`) ?? [];
  assert.ok(headers.some((header) => header.startsWith('kd-stack: ')));
  assert.ok(!headers.join('\n').includes('Canary'), headers.join('\n'));
  assert.ok(headers.includes('kd-message: password ******** was refused for ********'), headers.join('\n'));
  assert.ok(!(result.stdout + result.stderr).includes('Canary'));
  job.remove();
});
