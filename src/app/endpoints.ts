/** The answers of `/readyz`, `/status` and `/metrics` about a run. */
import type { MetricFamily } from '../ports/metrics.js';
import { version } from '../version.js';
import { metricFamilies } from './metrics/families.js';
import { viewSnapshot } from './status.js';
import { notReady, type RunView, type StatusBody, statusBody } from './status-body.js';

export type { RunView } from './status-body.js';

export interface Answers {
  /** Why `/readyz` says no; null: ready. */
  notReady(): string | null;
  status(): StatusBody;
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

function families(name: string, view: RunView): readonly MetricFamily[] {
  const [status, standing] = [view.status(), view.standing()];
  return metricFamilies({
    snapshot: viewSnapshot(name, view, status, standing),
    status,
    standing,
    reloads: view.reloads(),
    certificates: view.certificates(),
    clients: view.clients(),
    ready: notReady(status) === null,
    version,
    redact: view.redact,
  });
}
