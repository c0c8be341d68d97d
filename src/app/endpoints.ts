/** The answers of `/readyz`, `/status` and `/metrics` about a run. */
import type { MetricFamily } from '../ports/metrics.js';
import { version } from '../version.js';
import { metricFamilies } from './metrics/families.js';
import type { ShownConfig } from './shown-config.js';
import { viewSnapshot } from './status.js';
import { notReady, type RunView, statusBody } from './status-body.js';
import { type QueryFault, type RunningAnswer, readQuery, runningAnswer } from './why/running-answer.js';

export type { RunView } from './status-body.js';

/** The answer of `/config`. */
export interface ConfigBody {
  readonly schema: 1;
  readonly pipelines: readonly ShownConfig[];
}

export interface Answers {
  /** Why `/readyz` says no; null: ready. */
  notReady(): string | null;
  /** Undefined: there is no such pipeline. */
  status(pipeline?: string): object | undefined;
  config(): ConfigBody;
  metrics(): readonly MetricFamily[];
  /** What the run knows of one record. */
  why(query: URLSearchParams): RunningAnswer | QueryFault;
  /** Of the pipelines. */
  names(): readonly string[];
}

export interface Named {
  readonly name: string;
  readonly group: string;
}

export function answersOf({ name, group }: Named, view: RunView): Answers {
  return {
    why: (query) => {
      const place = readQuery(query);
      return 'error' in place ? place : runningAnswer({ name, group }, view, place);
    },
    notReady: () => {
      const why = notReady(view.status());
      return why === null ? null : view.redact(why);
    },
    status: (pipeline) => (pipeline === undefined || pipeline === name ? statusBody(name, view) : undefined),
    names: () => [name],
    config: () => ({ schema: 1, pipelines: [view.config()].flatMap((one) => one ?? []) }),
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
