/** What became of a record, as `kd why -o json` prints it. */
import type { RecordPlace } from '../../dispatcher/trace.js';

/**
 * - `settled`: its results are acknowledged. `filtered`, `dead-letter`: settled, without a result.
 * - `waiting`: a running job has read it. `not-read`: the group will read it. `not-settled`: a member that
 *   was not asked has its partition.
 * - `not-consumed`: the group passes it over. `not-written`: the partition has no such offset yet.
 * - `gone`: deleted by retention or compaction. `marker`, `aborted`, `open-transaction`: of a transaction.
 * - `no-topic`: there is no such topic or partition. `unknown`: none of these can be said.
 */
export type WhyState =
  | 'settled'
  | 'filtered'
  | 'dead-letter'
  | 'waiting'
  | 'not-read'
  | 'not-settled'
  | 'not-consumed'
  | 'not-written'
  | 'gone'
  | 'marker'
  | 'aborted'
  | 'open-transaction'
  | 'no-topic'
  | 'unknown';

/** `exact`: by its source headers, or listed alone in a receipt. `likely`: by key and timestamp. */
export type Certainty = 'exact' | 'likely';

export interface FoundResult extends RecordPlace {
  readonly certainty: Certainty;
}

export interface FoundDeadLetter extends RecordPlace {
  readonly code: string;
  readonly message: string;
  readonly stage: string;
  readonly attempts: number;
  readonly time: string;
}

export interface WhyAnswer {
  readonly schema: 1;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly group: string | null;
  readonly state: WhyState;
  /** Null: not known. */
  readonly committed: boolean | null;
  readonly committedOffset: number | null;
  /** Of the partition. */
  readonly range: { readonly low: number; readonly end: number; readonly stable: number } | null;
  readonly timestamp: string | null;
  readonly results: readonly FoundResult[];
  /** False: the search ended early, so there may be more. */
  readonly resultsComplete: boolean;
  readonly deadLetter: FoundDeadLetter | null;
  readonly filteredBy: string | null;
  readonly waitingFor: (RecordPlace & { readonly why: string; readonly forMs: number | null }) | null;
  readonly recordsBefore: number | null;
  readonly etaSeconds: number | null;
  readonly owner: { readonly clientId: string; readonly host: string } | null;
  /** The running job that was asked. */
  readonly job: { readonly url: string; readonly answer: string } | null;
  readonly receipt: string | null;
  /** For people, in order. */
  readonly sentences: readonly string[];
  readonly remedy: string | null;
}
