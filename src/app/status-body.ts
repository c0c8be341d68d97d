/** The answer of `/status`: the summary so far, and facts that only a running job has. */
import type { WorkersSnapshot } from '../core/books/worker-books.js';
import type { PartitionStanding, RunStatus, StallMechanism } from '../dispatcher/report.js';
import type { RecordPlace, RecordTrace } from '../dispatcher/trace.js';
import type { ClientFigures } from '../ports/client-figures.js';
import { version } from '../version.js';
import type { CertificateExpiry } from './reload/expiry.js';
import type { ReloadStatus } from './reload/leg.js';
import type { ShownConfig } from './shown-config.js';
import { type Redact, type Snapshot, type SnapshotView, viewSnapshot } from './status.js';

export interface RunView extends SnapshotView {
  reloads(): ReloadStatus;
  certificates(): readonly CertificateExpiry[];
  /** Undefined while nothing runs, during a reload. */
  trace(place: RecordPlace): RecordTrace | undefined;
  /** The clients' own figures. */
  clients(): readonly ClientFigures[];
  /** Undefined: not known how it came about. */
  config(): ShownConfig | undefined;
  /** Bytes that the container allows. */
  memoryLimit?(): number | undefined;
}

function limitOf(view: RunView): { readonly limitBytes?: number } {
  const limitBytes = view.memoryLimit?.();
  return limitBytes === undefined ? {} : { limitBytes };
}

/** Partitions that are listed: those furthest behind. */
export const PARTITIONS_LISTED_MAX = 200;

type LiveFacts = Omit<
  RunStatus,
  'records' | 'state' | 'latency' | 'progress' | 'isPlaced' | 'stalled' | 'stallRemedy'
>;

export interface StatusBody extends Omit<Snapshot, 'memory'>, LiveFacts {
  readonly version: string;
  readonly reason: null;
  readonly exitCode: null;
  readonly endedAt: null;
  readonly ready: boolean;
  /** Why `/readyz` says no. */
  readonly notReady: string | null;
  readonly stalled?: string;
  readonly stall: {
    readonly mechanism: StallMechanism;
    readonly message: string;
    readonly remedy: string | null;
  } | null;
  readonly memory: Snapshot['memory'] & { readonly rssBytes: number; readonly limitBytes?: number };
  /** The owned partitions that are furthest behind. */
  readonly partitions: readonly PartitionStanding[];
  readonly partitionsLeftOut: number;
  readonly workers: Pick<WorkersSnapshot, 'records' | 'deathsBy'>;
  readonly reloads: {
    readonly count: number;
    readonly switching: boolean;
    readonly rejected: string | null;
  };
  readonly certificates: readonly CertificateExpiry[];
}

export function statusBody(name: string, view: RunView): StatusBody {
  const [status, standing] = [view.status(), view.standing()];
  const {
    records: _r,
    state: _s,
    latency: _l,
    progress: _p,
    isPlaced: _i,
    stalled,
    stallRemedy: _remedy,
    ...rest
  } = status;
  const { redact } = view;
  const { workers } = standing.measured;
  const why = notReady(status);
  const summary = viewSnapshot(name, view, status, standing);
  const behind = [...standing.partitions].sort((a, b) => (b.lagRecords ?? 0) - (a.lagRecords ?? 0));
  const { count, switching, rejected } = view.reloads();
  return {
    ...summary,
    memory: { ...summary.memory, rssBytes: process.memoryUsage.rss(), ...limitOf(view) },
    version,
    reason: null,
    exitCode: null,
    endedAt: null,
    ready: why === null,
    notReady: why === null ? null : redact(why),
    ...rest,
    ...(stalled === undefined ? {} : { stalled: redact(stalled) }),
    stall: stallOf(status, redact),
    partitions: behind.slice(0, PARTITIONS_LISTED_MAX),
    partitionsLeftOut: Math.max(0, behind.length - PARTITIONS_LISTED_MAX),
    workers: { records: workers.records, deathsBy: workers.deathsBy },
    reloads: { count, switching, rejected: rejected === undefined ? null : redact(rejected) },
    certificates: view.certificates(),
  };
}

function stallOf({ stalled, stalledBy, stallRemedy }: RunStatus, redact: Redact): StatusBody['stall'] {
  if (stalled === undefined || stalledBy === undefined) return null;
  const remedy = stallRemedy === undefined ? null : redact(stallRemedy);
  return { mechanism: stalledBy, message: redact(stalled), remedy };
}

/**
 * Ready: this member has the partitions that the group gives it, and nothing stalls. A spare member (more
 * members than partitions) is ready, or a rolling update could not proceed.
 */
const NOT_READY: Readonly<Record<RunStatus['membership'], string | null>> = {
  joining: 'no partitions assigned yet',
  positioning: 'partitions are assigned, but their offsets are not known yet',
  owner: null,
  spare: null,
  lost: 'the partitions were lost because the session timed out; rejoining the group',
};

export function notReady(status: Pick<RunStatus, 'stalled' | 'state' | 'membership'>): string | null {
  if (status.stalled !== undefined) return status.stalled;
  return status.state === 'running' ? NOT_READY[status.membership] : `the run is ${status.state}`;
}
