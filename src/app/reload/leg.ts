/** The words of rotation: a run is one leg or several, each with clients, threads and blocks of its own. */
import type { RunBooks } from '../../core/run-books.js';
import type { RunReport, RunStatus, Standing } from '../../dispatcher/report.js';

/** One composition, from its start until it has left the group. */
export interface Leg {
  readonly dispatcher: {
    run(): Promise<RunReport>;
    stop(): void;
    cutNow(): void;
    status(): RunStatus;
    standing(): Standing;
  };
  bytesOut(): number;
}

/** What a leg takes over from those before it. */
export interface Carried {
  readonly books: RunBooks;
  readonly ends: RunReport['ends'];
  /** The leg calls it when records may flow. */
  readonly running: () => void;
}

/** A configuration as it was at one time. */
export interface Revision<Config> {
  readonly config: Config;
  /** Equal for two revisions of which a leg would be made alike. */
  readonly fingerprint: string;
}

export type Loading<Config> =
  | { readonly kind: 'valid'; readonly revision: Revision<Config> }
  | { readonly kind: 'faulty'; readonly problems: readonly string[] };

/** Keys that are other than they were. */
export interface Adopted {
  /** In force from now on, without a new leg. */
  readonly now: readonly string[];
  /** What the process is bound to until it ends. */
  readonly later: readonly string[];
}

/** How a configuration is loaded again and judged. */
export interface RevisionSource<Config> {
  load(): Promise<Loading<Config>>;
  /** Why `next` can't take over from `current` within one run; undefined when it can. */
  refusal(current: Config, next: Config): string | undefined;
  /** Puts into force what needs no new leg. */
  adopt(next: Config): Adopted;
  /** Connects with it, asks for its topics, leaves again; in no group. Rejects with what is wrong. */
  trial(next: Config): Promise<void>;
}

/**
 * - `signal`: somebody wants it now, and an answer in any case.
 * - `files`: a watched file's content is another one.
 * - `retry`: Kafka could not be used with it; perhaps it can by now.
 */
export type ReloadCause = 'signal' | 'files' | 'retry';

/** How a run goes on with its configuration, for `/status`. */
export interface ReloadStatus {
  /** New configurations put into force. */
  readonly count: number;
  /** One is being put into force just now. */
  readonly switching: boolean;
  /** Why the last one was not put into force; undefined when the one in force is the newest. */
  readonly rejected: string | undefined;
}
