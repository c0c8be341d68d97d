import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { compileTransform } from '../../transform/load/compile.js';
import type { TransformSummary } from '../../transform/load/inspect.js';
import { LoadLimits } from '../../transform/load/load.js';
import { loadError } from '../../transform/load/load-error.js';
import { describeThrown } from '../../transform/results/rejected.js';
import { failureOf } from './waiting.js';

const INSPECTOR_FILE = fileURLToPath(new URL('../../../workers/transform-inspector.js', import.meta.url));
/** The thread itself reports an `await` that never settles; this limit is for a thread that is blocked. */
const BLOCKED_SLACK_MS = 1_000;

/** Returns the exports of a transform module. Throws a TRANSFORM_LOAD error. */
export async function inspectTransform(
  path: string,
  withinMs: number = LoadLimits.importMs + BLOCKED_SLACK_MS,
): Promise<TransformSummary> {
  const compiled = await compileTransform(path);
  try {
    return await inspectInThread(compiled.url(), path, withinMs);
  } finally {
    await compiled.remove();
  }
}

/** In its own thread, because the top level may loop forever or exit the process. */
async function inspectInThread(url: string, path: string, withinMs: number): Promise<TransformSummary> {
  const worker = new Worker(INSPECTOR_FILE, { workerData: { url, path } });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(blocked(path, withinMs)), withinMs);
      worker.once('message', (answer: TransformSummary) => {
        if ('code' in answer) reject(failureOf(answer, 'TRANSFORM_LOAD'));
        else resolve(answer);
      });
      worker.once('error', (error) => reject(crashed(path, error)));
      worker.once('exit', (code) => reject(ended(path, code)));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

const blocked = (path: string, ms: number): Error =>
  loadError(
    path,
    `its top level did not finish within ${ms} ms: it blocks its thread`,
    'look for an endless loop outside any function',
  );

const ended = (path: string, code: number): Error =>
  loadError(
    path,
    `its top level exited the process (exit code ${code})`,
    'throw an error instead of calling process.exit: its message is then reported',
  );

function crashed(path: string, error: unknown): Error {
  const { name, message } = describeThrown(error);
  return loadError(
    path,
    `failed while it was loaded: ${name}: ${message}`,
    'correct the module: a callback of its top level threw, or a promise was rejected',
    error,
  );
}
