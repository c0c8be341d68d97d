import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './bench.js';

test(
  'a last stable offset that does not move for a minute below the end is said, with its place; ' +
    'lag counts to the high watermark',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    for (let second = 0; second < 62; second += 1) {
      bench.progress(0, 0, 10 + second);
      await bench.pass(1_000);
      if (second < 59) assert.equal(bench.warnings('an open transaction holds back records'), 0);
    }
    assert.equal(bench.warnings('an open transaction holds back records'), 1);
    const line = bench.lines.find(({ message }) => message.includes('an open transaction'));
    assert.match(
      String(line?.fields['hint']),
      /kafka-transactions\.sh find-hanging --topic in --partition 0/,
    );
    const { lag, openTransactions } = bench.dispatcher.status();
    assert.equal(lag, 71);
    assert.deepEqual(
      openTransactions.map(({ forMs: _forMs, ...rest }) => rest),
      [{ topic: 'in', partition: 0, stableOffset: 0, endOffset: 71 }],
    );
    bench.progress(0, 71, 71);
    assert.deepEqual(bench.dispatcher.status().openTransactions, []);
    bench.dispatcher.stop();
    await bench.end();
  },
);
