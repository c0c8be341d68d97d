/** The answers of `/readyz`, `/status` and `/metrics` about a run. */
import type { RunStatus } from '../dispatcher/report.js';
import type { MetricFamily } from '../ports/metrics.js';
import { version } from '../version.js';
import { metricFamilies } from './metrics/families.js';
import type { CertificateExpiry } from './reload/expiry.js';
import type { ReloadStatus } from './reload/leg.js';
import { type SnapshotView, viewSnapshot } from './status.js';

export interface RunView extends SnapshotView {
  reloads(): ReloadStatus;
  certificates(): readonly CertificateExpiry[];
}

export interface Answers {
  /** Why `/readyz` says no; null: ready. */
  notReady(): string | null;
  status(): unknown;
  metrics(): readonly MetricFamily[];
}

export function answersOf(name: string, view: RunView): Answers {
  return {
    notReady: () => {
      const why = notReady(view.status());
      return why === null ? null : view.redact(why);
    },
    status: () => statusBody(name, view),
    metrics: () => families(name, view),
  };
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

function families(name: string, view: RunView): readonly MetricFamily[] {
  const [status, standing] = [view.status(), view.standing()];
  return metricFamilies({
    snapshot: viewSnapshot(name, view, status, standing),
    status,
    standing,
    reloads: view.reloads(),
    certificates: view.certificates(),
    ready: notReady(status) === null,
    version,
    redact: view.redact,
  });
}

/** The summary so far, and facts that only a running job has. */
function statusBody(name: string, view: RunView): unknown {
  const status = view.status();
  const { records: _r, state: _s, latency: _l, progress: _p, isPlaced: _i, stalled, ...rest } = status;
  const { count, switching, rejected } = view.reloads();
  const { redact } = view;
  return {
    ...viewSnapshot(name, view, status),
    version,
    reason: null,
    exitCode: null,
    endedAt: null,
    ...rest,
    ...(stalled === undefined ? {} : { stalled: redact(stalled) }),
    reloads: { count, switching, rejected: rejected === undefined ? null : redact(rejected) },
    certificates: view.certificates(),
  };
}
