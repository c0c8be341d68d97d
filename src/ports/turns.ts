/** Who may compute now: pipelines of one process take turns, by weight. */
export interface Turns {
  /**
   * Calls back when it is this one's turn, perhaps at once. The turn ends when the function that it gets is
   * called, or earlier if it takes too long.
   */
  take(begin: (end: EndTurn) => void): void;
}

/** `usedMs`: how long a thread computed, where that is known; else the time of the turn counts. */
export type EndTurn = (usedMs?: number) => void;
