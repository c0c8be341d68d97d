import type { WorkerDeath } from '../../ports/transform-pool.js';

export type DeathCode = 'WORKER_EXITED' | 'WORKER_OUT_OF_MEMORY' | 'WORKER_TIMEOUT' | 'WORKER_CRASHED';

export interface Suspects {
  readonly firstRow: number;
  readonly rowCount: number;
}

/** `run` rejects with this once the thread of a dead worker has ended. */
export class WorkerDeathError extends Error implements WorkerDeath {
  override readonly name = 'WorkerDeathError';
  readonly kind = 'worker-death';
  readonly code: DeathCode;
  readonly suspectFirstRow: number;
  readonly suspectRowCount: number;

  constructor(code: DeathCode, message: string, suspects: Suspects, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.suspectFirstRow = suspects.firstRow;
    this.suspectRowCount = suspects.rowCount;
  }
}
