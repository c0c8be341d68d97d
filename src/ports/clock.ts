/** Time as the dispatcher sees it: real in the product, virtual in the simulation. */
export interface Clock {
  /** Milliseconds, monotonic. */
  nowMs(): number;
  /** Calls back once after `delayMs`; returns a function that cancels. */
  after(delayMs: number, callback: () => void): () => void;
}
