import type { AccountingSnapshot } from '../core/books/accounting.js';
import type { Metric } from '../core/books/metric-books.js';
import type { Measured } from '../core/books/run-books.js';
import type { DispatcherError } from '../core/errors.js';
import type { Progress } from '../core/progress/progress.js';
import type { RunRange } from '../core/progress/progress-book.js';
import type { EndOffset } from '../ports/source.js';
import type { Slowdown } from '../ports/throttle.js';
import type { MembershipState } from './partitions/membership.js';
import type { Partitions } from './partitions/partitions.js';
import type { OpenTransaction } from './partitions/transaction-watch.js';

/** The result of a run. */
export interface RunReport {
  readonly state: 'stopped' | 'failed';
  /** Undefined: the run ended as requested. */
  readonly error: DispatcherError | undefined;
  /** True for a bounded run that settled everything up to its end; false for an endless run. */
  readonly endReached: boolean;
  readonly records: AccountingSnapshot & { readonly unsettled: number };
  readonly committed: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  }[];
  readonly redelivery: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly to: number;
  }[];
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  /** Counters and observations of the transform. */
  readonly metrics: readonly Metric[];
  readonly progress: Progress;
  /** The records that the run is about. */
  readonly range: RunRange;
  /** The time from the first batch that was read to the last one that was settled. */
  readonly activeMs: number;
  /** A client did not close in time; it ends only with the process. */
  readonly hung: boolean;
  /** Bounded run: its end offsets; undefined before they were known. */
  readonly ends: readonly EndOffset[] | undefined;
  /** Transactions that are still open at the end of the run. */
  readonly openTransactions: readonly OpenTransaction[];
}

/** The current state of a run, in the terms of its report. Costs a walk over its partitions. */
export interface Standing
  extends Pick<RunReport, 'committed' | 'redelivery' | 'activeMs' | 'metrics' | 'progress' | 'range'> {
  readonly partitions: readonly PartitionStanding[];
  readonly measured: Measured;
}

/** An owned partition. */
export interface PartitionStanding {
  readonly topic: string;
  readonly partition: number;
  /** Records up to the high watermark that are not settled; null: not known yet. */
  readonly lagRecords: number | null;
  /** The same up to the last stable offset, beyond which an open transaction holds records back. */
  readonly stableLagRecords: number | null;
  /** How long the first of them has been there, at least. */
  readonly lagSeconds: number;
  /** The same up to the last stable offset: how long the first record that can be read has been there. */
  readonly stableLagSeconds: number;
  /** How long settled records have waited for a commit; 0: none wait. */
  readonly commitAgeSeconds: number;
}

/** What can hold up a run. */
export type StallMechanism = 'destination' | 'connection' | 'workers';

/** The current status of a run. */
export interface RunStatus {
  readonly state: string;
  readonly records: AccountingSnapshot;
  readonly owned: number;
  /** The partitions that the group has assigned to this member. */
  readonly membership: MembershipState;
  readonly stalled: string | undefined;
  readonly stalledBy: StallMechanism | undefined;
  /** What a person can do about it. */
  readonly stallRemedy?: string | undefined;
  readonly inFlightRecords: number;
  readonly inFlightBytes: number;
  readonly inFlightBytesMax: number;
  readonly threadsBusy: number;
  readonly threads: number;
  readonly progress: Progress;
  /** The range of a bounded run is known; true for others. */
  readonly isPlaced: boolean;
  /** Records up to the high watermark. */
  readonly lag: number | undefined;
  /** Another group's lag keeps the run from reading faster. */
  readonly slowed?: Slowdown | undefined;
  /** Partitions whose last stable offset has not moved for long, below the high watermark. */
  readonly openTransactions: readonly OpenTransaction[];
  /** Owned partitions that no broker leads: they can't be read at the moment. */
  readonly leaderless: readonly { readonly topic: string; readonly partition: number }[];
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
}

/** For each partition that was ever assigned, as far as the brokers confirmed it. */
export function committedOf(partitions: Partitions): RunReport['committed'] {
  return [...partitions.known].flatMap(({ topic, partition, committed }) =>
    committed === undefined ? [] : [{ topic, partition, offset: committed }],
  );
}
