/** A thread that loads a transform to see what it exports, and posts one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { summarizeTransform } from '../src/transform/load/inspect.js';
import { failedAnswer } from '../src/transform/worker-session.js';
import { keepStdoutForResults } from './stdout.js';

keepStdoutForResults();
const { url, path } = readInit(workerData);
parentPort?.postMessage(await summarizeTransform(url, path).catch(failedAnswer));

function readInit(data: unknown): { readonly url: string; readonly path: string } {
  if (typeof data === 'object' && data !== null && 'url' in data && 'path' in data) {
    const { url, path } = data;
    if (typeof url === 'string' && typeof path === 'string') return { url, path };
  }
  throw new Error('transform-inspector was started without the transform to look at');
}
