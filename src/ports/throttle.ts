/** Why a run reads more slowly than it could: another group would fall behind. */
export interface Slowdown {
  readonly group: string;
  /** Records that the group has still to commit; undefined: it can't be asked. */
  readonly lagRecords: number | undefined;
  readonly boundRecords: number;
  readonly recordsPerSecond: number;
}

/** Decides from outside how fast records are read. Both are asked often, and cost nothing. */
export interface Throttle {
  /** Undefined: as fast as possible. */
  recordsPerSecond(): number | undefined;
  /** Undefined: nothing is slowed down. */
  slowdown(): Slowdown | undefined;
}
