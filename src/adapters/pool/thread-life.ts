/** The life of a worker before its first task and after its last one. */
import { loadError } from '../../transform/load/load-error.js';
import type { WorkerAnswer } from '../../transform/worker-session.js';
import type { PiscinaThreads } from './piscina-threads.js';
import type { PoolThread } from './pool-thread.js';
import type { PoolSettings } from './settings.js';
import { failureOf } from './waiting.js';

type Send = PiscinaThreads['send'];

/** Loads the compiled transform at `url`, if there is one. Rejects with the reason why it can't be loaded. */
export async function loadThread(
  { task }: PoolSettings,
  thread: PoolThread,
  url: string | undefined,
  send: Send,
): Promise<void> {
  thread.state = 'loading';
  let answer: WorkerAnswer;
  try {
    answer = await send(thread, { kind: 'load', url });
  } catch (error) {
    throw loadError(
      task.transform?.path ?? 'the worker',
      `the worker thread ended while it loaded the transform: ` +
        `${failureOf(error, 'TRANSFORM_LOAD').message}`,
      'check what its top level and its setup do',
      error,
    );
  }
  if (answer.kind === 'failed') throw failureOf(answer, 'TRANSFORM_LOAD');
  thread.endLoad();
}

export async function tearDownThread(
  { logger }: PoolSettings,
  thread: PoolThread,
  send: Send,
): Promise<void> {
  const answer = await send(thread, { kind: 'teardown' });
  if (answer.kind === 'failed') logger?.warn('teardown of the transform failed', { reason: answer.message });
  if (answer.kind === 'done')
    for (const { level, message, fields } of answer.logs ?? []) logger?.[level](message, fields);
}
