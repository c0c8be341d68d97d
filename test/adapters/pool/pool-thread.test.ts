import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { PoolThread } from '../../../src/adapters/pool/pool-thread.js';
import { TopicNews } from '../../../src/adapters/pool/topic-news.js';
import { ProgressCells } from '../../../src/wire/progress.js';
import { describePartition, inputOf, OUT, taskFor } from '../../transform/support.js';

function threadRunning(code: string): PoolThread {
  return new PoolThread(new Worker(code, { eval: true }), false, () => undefined);
}

test(
  'a worker that dies before its first record blames none, ' + 'whatever its block was used for before',
  async () => {
    const task = taskFor(inputOf(['a', 'b', 'c']));
    const earlier = new ProgressCells(task.output.bytes);
    earlier.reset(0);
    earlier.started(2);
    const thread = threadRunning('process.exit(5)');
    thread.beginTask(task);
    await thread.exited;
    const death = thread.death(task);
    assert.deepEqual([death.code, death.suspectRowCount], ['WORKER_EXITED', 0]);
    assert.match(death.message, /exit code 5/);
  },
);

test('progress cells with invalid content blame no record', async () => {
  const task = taskFor(inputOf(['a', 'b', 'c']));
  const thread = threadRunning('process.exit(1)');
  thread.beginTask(task);
  new ProgressCells(task.output.bytes).started(1_000_000);
  await thread.exited;
  assert.equal(thread.death(task).suspectRowCount, 0);
});

test('each thread gets every topic name once, and a name of a later task with that task', async () => {
  const thread = threadRunning('');
  const task = taskFor(
    inputOf([
      { value: 'a', partition: 1 },
      { value: 'b', partition: 2 },
      { value: 'c', partition: 1 },
    ]),
  );
  const topics = new TopicNews();
  topics.add([OUT]);
  const first = thread.message(task, topics, describePartition);
  assert.deepEqual(
    first.partitions?.map(({ id }) => id),
    [1, 2],
  );
  assert.deepEqual(first.topics, [OUT]);
  const later = { name: 'later', number: 8, partitionCount: 1 };
  topics.add([later]);
  const second = thread.message(task, topics, describePartition);
  assert.deepEqual([second.partitions, second.topics], [undefined, [later]]);
  assert.equal(second.input, task.input.bytes);
  const grown = { ...OUT, partitionCount: OUT.partitionCount + 1 };
  topics.add([grown]);
  assert.deepEqual(thread.message(task, topics, describePartition).topics, [grown]);
  await thread.exited;
});

test('only time without progress counts, and a worker beyond the limit is ended', async () => {
  const task = taskFor(inputOf(['a', 'b', 'c']));
  const thread = threadRunning('setInterval(() => undefined, 1000)');
  thread.beginTask(task);
  const cells = new ProgressCells(task.output.bytes);
  thread.watch(60, 100);
  cells.finished(1, 1);
  thread.watch(60, 100);
  thread.watch(60, 100);
  cells.started(1);
  assert.equal(thread.hasEnded, false);
  thread.watch(60, 100);
  await thread.exited;
  const death = thread.death(task);
  assert.deepEqual([death.code, death.suspectFirstRow, death.suspectRowCount], ['WORKER_TIMEOUT', 1, 1]);
});
