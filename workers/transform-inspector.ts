/** A thread that loads a transform to see what it exports, and posts one answer. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { summarizeTransform } from '../src/transform/load/inspect.js';
import { failedAnswer } from '../src/transform/worker-session.js';
import { keepStdoutForResults } from './stdout.js';

keepStdoutForResults();
const { url, path } = readInit(workerData);
const answer = await summarizeTransform(url, path).catch(failedAnswer);
await printed();
// A promise that was rejected without a handler ends the thread in this turn, as it would in a run.
await nextTurn();
parentPort?.postMessage(answer);

/** Resolves when the main thread has what the top level printed: after the answer it ends this thread. */
function printed(): Promise<void> {
  return new Promise((resolve) => {
    process.stderr.write('', () => resolve());
  });
}

function readInit(data: unknown): { readonly url: string; readonly path: string } {
  if (typeof data === 'object' && data !== null && 'url' in data && 'path' in data) {
    const { url, path } = data;
    if (typeof url === 'string' && typeof path === 'string') return { url, path };
  }
  throw new Error('transform-inspector was started without the transform to look at');
}
