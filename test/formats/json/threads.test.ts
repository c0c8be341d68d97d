import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { JsonScanner } from '../../../src/formats/json/scanner.js';
import { blockOf } from './support.js';

const SCANNER = new URL('../../../src/formats/json/scanner.js', import.meta.url).href;
const THREADS = 4;
const SCANS = 2_000;

/** Scans the same block as the others, with a scanner of its own each time, and answers what it found. */
const SOURCE = `
  import { parentPort, workerData } from 'node:worker_threads';
  const { JsonScanner } = await import(workerData.scanner);
  let sum = 0;
  for (let i = 0; i < workerData.scans; i++) {
    const scanner = new JsonScanner([['n']]);
    scanner.scan(workerData.block, 0, 2);
    sum += scanner.numbers[0] + scanner.numbers[1];
  }
  parentPort.postMessage(sum);
`;

test('threads load the scanner, share a block and end, while others go on', async () => {
  const block = blockOf(['{"n":1}', '{"m":0,"n":2}']);
  const workerData = { scanner: SCANNER, scans: SCANS, block };
  const url = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
  const sums = Array.from({ length: THREADS }, async () => {
    const worker = new Worker(url, { workerData });
    const [sum] = (await once(worker, 'message')) as [number];
    await worker.terminate();
    return sum;
  });
  assert.deepEqual(
    await Promise.all(sums),
    Array.from({ length: THREADS }, () => 3 * SCANS),
  );
  const scanner = new JsonScanner([['n']]);
  assert.equal(scanner.scan(block, 0, 2), 2);
});
