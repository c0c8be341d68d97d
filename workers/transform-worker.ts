/**
 * The entry of a worker thread: Piscina calls the default export with one message at a time. The rest is in
 * src/transform.
 */
import { isMainThread, threadId, workerData } from 'node:worker_threads';
import {
  type WorkerAnswer,
  type WorkerInit,
  type WorkerMessage,
  WorkerSession,
} from '../src/transform/worker-session.js';
import { keepStdoutForResults } from './stdout.js';

const session = isMainThread ? undefined : new WorkerSession(readInit(workerData), threadId);

export default function handle(message: WorkerMessage): Promise<WorkerAnswer> {
  if (session === undefined) throw new Error('transform-worker is started by the pool, as a worker thread');
  return session.handle(message);
}

if (!isMainThread) keepStdoutForResults();

function readInit(data: unknown): WorkerInit {
  const isInit =
    typeof data === 'object' &&
    data !== null &&
    'settings' in data &&
    'stopCells' in data &&
    data.stopCells instanceof Int32Array;
  if (!isInit) throw new Error('transform-worker was started without its settings');
  return data as WorkerInit;
}
