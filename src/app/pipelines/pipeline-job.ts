/** What is needed to run one pipeline. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Loaded } from '../../config/load.js';
import type { DigestedParts } from '../../core/jobs/job-record.js';
import type { EndOffset } from '../../ports/source.js';
import type { Turns } from '../../ports/turns.js';
import type { Usage } from '../process-control.js';
import type { EventSink } from '../progress/events.js';
import type { ServiceNotices } from '../service/notices.js';
import type { ShownConfig } from '../shown-config.js';
import type { Redact, Snapshot } from '../status.js';
import type { Summary } from '../summary.js';
import type { PipelineLog } from './pipeline-logger.js';

export interface PipelineJob {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  /**
   * The only partitions that a bounded run reads, each from `low`, the first offset that counts, to `end`,
   * the offset at which it stops. Undefined: all, to the ends that it sees at its start.
   */
  readonly bounds?: readonly EndOffset[];
  readonly logger: PipelineLog;
  /** Loads the configuration again; undefined if it never changes. */
  readonly loadAgain?: () => Loaded;
  /** For `/config`. */
  readonly shown?: (config: ResolvedConfig) => ShownConfig;
  /** The file for the run's receipt. */
  readonly receipt?: string | undefined;
  readonly events?: { readonly sinks: readonly EventSink[]; readonly intervalMs: number };
  /** Removes secrets from text of other programs. */
  readonly redact: Redact;
  /** Tells the service manager about this run, too. */
  readonly service?: ServiceNotices | undefined;
  /** Digests of what decides the results, if it must not change during the run. */
  readonly digests?: DigestedParts;
  /** Called once, before the run begins, with a function that returns the summary so far. */
  readonly observe?: (soFar: () => Snapshot) => void;
  /** Completes the summary before anybody sees it. */
  readonly conclude?: (summary: Summary) => Promise<Summary>;
  /** Lets workers take turns with those of other pipelines; undefined: there are no others. */
  readonly turns?: Turns | undefined;
  /** What the process has used for this pipeline since it began. */
  readonly usage: (recordsConsumed: number) => Usage;
}
