import type { WorkerDeath } from '../../ports/transform-pool.js';

export function isWorkerDeath(error: unknown): error is WorkerDeath {
  return typeof error === 'object' && error !== null && 'kind' in error && error.kind === 'worker-death';
}
