/** The types of reloading: a run has one or more legs, each with its own clients, threads and blocks. */
import type { RunBooks } from '../../core/books/run-books.js';
import type { RunReport, RunStatus, Standing } from '../../dispatcher/report.js';
import type { RecordPlace, RecordTrace } from '../../dispatcher/trace.js';
import type { ClientFigures } from '../../ports/client-figures.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';

/** One composition, from its start until it has left the group. */
export interface Leg {
  readonly dispatcher: {
    run(): Promise<RunReport>;
    stop(): void;
    cutNow(): void;
    status(): RunStatus;
    standing(): Standing;
    trace(place: RecordPlace): RecordTrace;
  };
  bytesOut(): number;
  /** The clients' own figures. */
  clients(): readonly ClientFigures[];
}

/** State that a leg takes over from those before it. */
export interface Carried {
  readonly books: RunBooks;
  readonly ends: RunReport['ends'];
  /** The leg calls it when records may flow. */
  readonly running: () => void;
}

/** The configuration at one point in time. */
export interface Revision<Config> {
  readonly config: Config;
  /** Equal for two revisions that would create equal legs. */
  readonly fingerprint: string;
}

export type Loading<Config> =
  | { readonly kind: 'valid'; readonly revision: Revision<Config> }
  | { readonly kind: 'faulty'; readonly problems: readonly string[] };

/** Keys whose values differ. */
export interface Adopted {
  /** Settings that take effect now, without a new leg. */
  readonly now: readonly string[];
  /** Settings of the process, which take effect at the next start. */
  readonly later: readonly string[];
}

/** Loads and compares configurations. */
export interface RevisionSource<Config> {
  load(): Promise<Loading<Config>>;
  /** Why `next` can't replace `current` within one run; undefined when it can. */
  refusal(current: Config, next: Config): string | undefined;
  /** Applies the settings that need no new leg. */
  adopt(next: Config): Adopted;
  /** Connects with it, looks up its topics and disconnects; joins no group. Rejects with the fault. */
  trial(next: Config): Promise<void>;
}

/**
 * - `signal`: a user wants it now, and always gets an answer.
 * - `files`: the content of a watched file has changed.
 * - `retry`: Kafka could not be used with it; perhaps it can be now.
 */
export type ReloadCause = 'signal' | 'files' | 'retry';

/** The state of reloads, for `/status`. */
export interface ReloadStatus {
  /** Number of new configurations that took effect. */
  readonly count: number;
  /** A new configuration is taking effect. */
  readonly switching: boolean;
  /** The reason why the newest one was rejected; undefined when it is in use. */
  readonly rejected: string | undefined;
}

/** The parts from which a run of legs is made. */
export interface LegRunnerParts<Config> {
  readonly first: Revision<Config>;
  readonly compose: (config: Config, carried: Carried) => Leg;
  /** Undefined: the run has one leg. */
  readonly source: RevisionSource<Config> | undefined;
  /**
   * The most time from the end of a leg until another one runs; after that the run ends with the last error.
   */
  readonly reloadTimeoutMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Called when a new revision has taken effect. */
  readonly reloaded?: (config: Config) => void;
}
