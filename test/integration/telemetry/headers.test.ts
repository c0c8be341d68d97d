/** Trace contexts travel in the headers of records, with or without an SDK. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumedRecord } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, type JobSpec } from '../job.js';

const CONTEXT = [
  ['traceparent', Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')],
  ['tracestate', Buffer.from('congo=t61rcWkgMzE,rojo=00f067aa0ba902b7')],
  ['baggage', Buffer.from('userId=alice,serverNode=DF%2028')],
] as const;

async function runWith(spec: Omit<JobSpec, 'cluster'>, values: readonly object[]): Promise<Job> {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, ...spec });
  await cluster.tool.send(
    job.input,
    values.map((value) => ({ key: null, value: Buffer.from(JSON.stringify(value)), headers: CONTEXT })),
  );
  await job.runToEnd();
  return job;
}

const inside = ({ headers }: ConsumedRecord): ConsumedRecord['headers'] =>
  headers.filter(([name]) => CONTEXT.some(([of]) => of === name));

test('a pass-through keeps the trace context of every record', async () => {
  const job = await runWith({}, [{ n: 0 }, { n: 1 }]);
  const written = await job.cluster.tool.consume([job.output]);
  assert.equal(written.length, 2);
  for (const { headers } of written) assert.deepEqual(headers, CONTEXT);
  job.remove();
});

const RESULTS = `
import { emit, emitAll, forward, reject, tombstone } from 'kafka-dispatcher';
const BY_NUMBER = [
  (value) => value,
  (value) => emit(value, { headers: { added: 'yes' } }),
  () => forward(),
  (value) => emitAll([emit(value), emit(value, { key: 'other' })]),
  () => tombstone(),
  () => reject('UNWANTED', 'to the dead letters'),
  () => { throw new Error('thrown'); },
  (value) => emit(value, { headers: { baggage: undefined } }),
  (value) => emit(value, { headers: [['alone', 'yes']] }),
];
export default (value, record) => BY_NUMBER[value.n](value, record);
`;

test(
  'plain results, emit with merged headers, forward, several results, tombstones and dead letters keep it; ' +
    'only headers that the transform takes away are gone',
  async () => {
    const json = { format: 'json' };
    const job = await runWith(
      { transform: RESULTS, deadLetter: true, dispatcher: { input: json, output: json } },
      Array.from({ length: 9 }, (_, n) => ({ n })),
    );
    const written = await job.cluster.tool.consume([job.output]);
    // One each of 0, 1, 2 and the tombstone, two of 3; then the two that take headers away.
    assert.equal(written.length, 8);
    for (const record of written.slice(0, 6)) assert.deepEqual(inside(record), CONTEXT);
    assert.deepEqual(written[1]?.headers, [...CONTEXT, ['added', Buffer.from('yes')]]);
    assert.deepEqual(written[6]?.headers, CONTEXT.slice(0, 2));
    assert.deepEqual(written[7]?.headers, [['alone', Buffer.from('yes')]]);
    const letters = await job.cluster.tool.consume([job.deadLetters]);
    assert.equal(letters.length, 2);
    for (const letter of letters) assert.deepEqual(inside(letter), CONTEXT);
    job.remove();
  },
);

const DECLARED = `
import { defineTransform } from 'kafka-dispatcher';
export default defineTransform({
  reads: ['n'],
  writes: ['n'],
  transform: ({ n }) => ({ n: n + 1 }),
});
`;

test('records of which only declared fields are read and written keep it', async () => {
  const json = { format: 'json' };
  const job = await runWith({ transform: DECLARED, dispatcher: { input: json, output: json } }, [
    { n: 1, rest: 'as it is' },
  ]);
  const [written] = await job.cluster.tool.consume([job.output]);
  assert.equal(written?.value?.toString(), '{"n":2,"rest":"as it is"}');
  assert.deepEqual(written.headers, CONTEXT);
  job.remove();
});
