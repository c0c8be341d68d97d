import type { Rejected } from './rejected.js';

/**
 * What happened to a result. `full`: nothing was written. `stop`: a rejection without a dead-letter topic.
 * `unknownTopic`: ask the main thread first.
 */
export const Written = { done: 0, full: 1, fullOfDeadLetter: 2, stop: 3, unknownTopic: 4 } as const;
export type Written = (typeof Written)[keyof typeof Written];

/** The outcome of one step towards a result: a rejection ends it. */
export type Step = Rejected | Written;
