import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './bench.js';

test(
  'a last stable offset that does not move below the end is named within a minute, with its place; ' +
    'lag counts to the high watermark',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    for (let second = 0; second < 47; second += 1) {
      bench.progress(0, 0, 10 + second);
      await bench.pass(1_000);
      if (second < 44) assert.equal(bench.warnings('an open transaction holds back records'), 0);
    }
    assert.equal(bench.warnings('an open transaction holds back records'), 1);
    const line = bench.lines.find(({ message }) => message.includes('an open transaction'));
    assert.match(
      String(line?.fields['hint']),
      /kafka-transactions\.sh find-hanging --topic in --partition 0/,
    );
    const { lag, openTransactions } = bench.dispatcher.status();
    assert.equal(lag, 56);
    assert.deepEqual(
      openTransactions.map(({ forMs: _forMs, ...rest }) => rest),
      [{ topic: 'in', partition: 0, stableOffset: 0, endOffset: 56 }],
    );
    bench.dispatcher.stop();
    assert.deepEqual(
      (await bench.end()).openTransactions.map(({ partition, stableOffset }) => [partition, stableOffset]),
      [[0, 0]],
    );
  },
);

test('a transaction that has ended is no longer named', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.progress(0, 0, 10);
  await bench.pass(50_000);
  assert.equal(bench.dispatcher.status().openTransactions.length, 1);
  bench.progress(0, 10, 10);
  assert.deepEqual(bench.dispatcher.status().openTransactions, []);
  bench.dispatcher.stop();
  assert.deepEqual((await bench.end()).openTransactions, []);
});
