import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlainRecord } from '../../support/java/requests.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { countsByCode, Job } from '../job.js';

const MIB = 1024 * 1024;
const LIMIT = String(16 * MIB);
const LARGE = { 'max.message.bytes': LIMIT };
const PRODUCE = { 'max.request.size': LIMIT, 'buffer.memory': '67108864' };

/** Large and small records interleaved; the first byte tells them apart. */
function mixed(): PlainRecord[] {
  const sizes = [20, 3 * MIB, 3 * MIB, 3 * MIB + 1, 50, 5 * MIB, 100, 0, 3 * MIB, 1];
  return sizes.map((size, n) => ({
    partition: n % 2,
    key: Buffer.from(String(n)),
    value: Buffer.alloc(size, n + 1),
    headers: [['n', Buffer.from([n])]] as const,
  }));
}

test('several records of several MiB in a row pass unchanged and in order between small ones', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 2,
    inputConfigs: LARGE,
    outputConfigs: LARGE,
    producer: { properties: { 'message.max.bytes': LIMIT } },
  });
  for (const record of mixed()) await cluster.tool.send(job.input, [record], PRODUCE);
  const { summary } = await job.runToEnd();
  assert.equal(summary.records.transformed, mixed().length);
  const out = await cluster.tool.consume([job.output]);
  for (const partition of [0, 1]) {
    const sent = mixed().filter((record) => record.partition === partition);
    const got = out.filter((record) => record.partition === partition);
    assert.deepEqual(
      got.map(({ key }) => key),
      sent.map(({ key }) => key),
    );
    for (const [n, record] of sent.entries()) {
      assert.ok(
        got[n]?.value?.equals(record.value ?? Buffer.alloc(0)),
        `record ${record.key?.toString()} is whole`,
      );
      assert.deepEqual(got[n]?.headers, record.headers);
    }
  }
  job.remove();
});

test(
  'a transform that emits a large record three times writes three outputs of 3 MiB where they ' + 'fit',
  async () => {
    const cluster = await sharedCluster();
    const transform =
      "import { emitAll, emit } from 'kafka-dispatcher';\nexport default (value) => emitAll([emit(value), " +
      'emit(value), emit(value)]);\n';
    const job = await Job.create({
      cluster,
      partitions: 2,
      transform,
      inputConfigs: LARGE,
      outputConfigs: LARGE,
      dispatcher: { batch: { 'output-bytes-max': '32MiB' } },
      producer: { properties: { 'message.max.bytes': LIMIT } },
    });
    for (const record of mixed()) await cluster.tool.send(job.input, [record], PRODUCE);
    const { summary } = await job.runToEnd();
    assert.equal(summary.records.emitted, 3 * mixed().length);
    const out = await cluster.tool.consume([job.output]);
    const sizes = out.map(({ value }) => value?.length ?? 0).sort((a, b) => a - b);
    assert.deepEqual(
      sizes,
      mixed()
        .flatMap(({ value }) => Array.from({ length: 3 }, () => value?.length ?? 0))
        .sort((a, b) => a - b),
    );
    job.remove();
  },
);

test(
  'an output beyond its size limit becomes a dead letter OUTPUT_TOO_LARGE with the unchanged ' +
    'source; small neighbours arrive',
  async () => {
    const cluster = await sharedCluster();
    const letterTopic = await cluster.createTopic(uniqueName('large-letters'), {
      partitions: 1,
      configs: LARGE,
    });
    const transform = 'export default (value: Buffer) => Buffer.concat([value, value, value]);\n';
    const job = await Job.create({
      cluster,
      partitions: 2,
      transform,
      inputConfigs: LARGE,
      outputConfigs: LARGE,
      dispatcher: { 'dead-letter': { topic: letterTopic }, batch: { 'output-bytes-max': '8MiB' } },
      producer: { properties: { 'message.max.bytes': LIMIT } },
    });
    for (const record of mixed()) await cluster.tool.send(job.input, [record], PRODUCE);
    const { summary } = await job.runToEnd();
    const large = mixed().filter(({ value }) => (value?.length ?? 0) >= 3 * MIB);
    assert.deepEqual(countsByCode(summary), { OUTPUT_TOO_LARGE: large.length });
    assert.equal(summary.records.transformed, mixed().length - large.length);
    const letters = await cluster.tool.consume([letterTopic]);
    for (const letter of letters) {
      const source = mixed()[Number(letter.key?.toString())];
      assert.ok(letter.value?.equals(source?.value ?? Buffer.alloc(0)));
    }
    assert.equal(letters.length, large.length);
    job.remove();
  },
);

test(
  'hostile headers pass exactly: empty and long names, binary values, hundreds of them, nulls; ' +
    'headers of an earlier dead letter are left out',
  async () => {
    const cluster = await sharedCluster();
    const transform = `
import { reject } from 'kafka-dispatcher';
export default (value, record) => {
  for (const [name] of record.headers) record.header(name);
  return record.offset % 2 === 1 ? reject('ODD', '\\ud800 \\u0000 broken text') : value;
};`;
    const job = await Job.create({ cluster, partitions: 1, transform, deadLetter: true });
    const headers: (readonly [string, Buffer | null])[] = [
      ['', Buffer.alloc(0)],
      ['', null],
      ['__proto__', Buffer.from([0, 255, 254])],
      ['constructor', Buffer.from('x')],
      ['kd-code', Buffer.from('FORGED')],
      ['kd-attempts', Buffer.from('not a number')],
      ['a\nb\tc', Buffer.from([0xc3, 0x28])],
      ['n'.repeat(30_000), Buffer.alloc(100_000, 7)],
      ...Array.from(
        { length: 700 },
        (_, n) => [`h${n % 3}`, n % 5 === 0 ? null : Buffer.from([n & 255])] as const,
      ),
    ];
    await cluster.tool.send(
      job.input,
      [0, 1, 2, 3].map((n) => ({
        partition: 0,
        key: Buffer.from(String(n)),
        value: Buffer.from('v'),
        headers,
      })),
    );
    const { summary } = await job.runToEnd();
    assert.equal(summary.records.transformed, 2);
    assert.deepEqual(countsByCode(summary), { ODD: 2 });
    const inLife = headers.filter(([name]) => !name.startsWith('kd-'));
    for (const record of await cluster.tool.consume([job.output])) assert.deepEqual(record.headers, inLife);
    const letters = await cluster.tool.consume([job.deadLetters]);
    assert.equal(letters.length, 2);
    for (const letter of letters) {
      const own = letter.headers.filter(([name]) => !name.startsWith('kd-'));
      assert.deepEqual(
        own,
        headers.filter(([name]) => !name.startsWith('kd-')),
      );
      assert.deepEqual(
        letter.headers.filter(([name]) => name === 'kd-code').map(([, value]) => value?.toString()),
        ['ODD'],
      );
    }
    job.remove();
  },
);
