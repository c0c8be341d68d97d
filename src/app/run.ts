/** Runs the main job from its configuration to its summary; the caller displays the progress. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Loaded } from '../config/load.js';
import type { DigestedParts } from '../core/jobs/job-record.js';
import type { RunStatus } from '../dispatcher/report.js';
import { inArea } from '../ports/logger.js';
import type { EndOffset } from '../ports/source.js';
import type { Telemetry } from '../ports/telemetry.js';
import { startEndpoints, startTelemetry } from './compose/endpoints.js';
import { compose } from './compose/job.js';
import { exitNow } from './compose/librdkafka.js';
import type { ClosableLogger } from './compose/logging.js';
import { refuseOwnGroup, watchingOf } from './compose/throttle.js';
import { answersOf, type RunView } from './endpoints.js';
import { onReloadSignal, onStopSignals, usage, usageSince } from './process-control.js';
import { type EventSink, RunEvents } from './progress/events.js';
import { realClock } from './real-clock.js';
import { RunReceipt } from './receipts/run-receipt.js';
import { JobRevisions } from './reload/configuration.js';
import { ExpiryWatch } from './reload/expiry.js';
import { digestOf } from './reload/file-digest.js';
import { FileWatch } from './reload/file-watch.js';
import { LegRunner } from './reload/leg-runner.js';
import { SchemaWarnings } from './schema-warnings.js';
import type { ServiceNotices } from './service/notices.js';
import type { ShownConfig } from './shown-config.js';
import { type Redact, type Snapshot, viewSnapshot } from './status.js';
import { type Summary, summarize } from './summary.js';
import { type Observed, observed } from './telemetry.js';
import { LagThrottle } from './throttle/lag-throttle.js';
import { whatIsRun } from './what-is-run.js';

export type { RunStatus };

/** Displays the progress of a run. */
export interface RunDisplay {
  start(status: () => RunStatus): void;
  /** Clears the display for a line from elsewhere. */
  clear(): void;
  stop(): void;
}

export interface RunJob {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  /**
   * The only partitions that a bounded run reads, each from `low`, the first offset that counts, to `end`,
   * the offset at which it stops. Undefined: all, to the ends that it sees at its start.
   */
  readonly bounds?: readonly EndOffset[];
  /** The caller closes it. */
  readonly logger: ClosableLogger;
  /** Loads the configuration again; undefined if it never changes. */
  readonly loadAgain?: () => Loaded;
  /** For `/config`. */
  readonly shown?: (config: ResolvedConfig) => ShownConfig;
  /** The file for the run's receipt. */
  readonly receipt?: string | undefined;
  readonly display?: RunDisplay;
  readonly events?: { readonly sinks: readonly EventSink[]; readonly intervalMs: number };
  /** On a terminal SIGHUP usually means that it was closed. */
  readonly onTerminal: boolean;
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
}

export interface RunOutcome {
  readonly summary: Summary;
  /** Set when a client did not close in time, or telemetry was not sent: the process does not wait for it. */
  readonly exitNow: (() => void) | undefined;
}

type Runner = LegRunner<ResolvedConfig>;

/** Rejects when the run can't begin; how it ended is in the summary. */
export async function runJob(job: RunJob): Promise<RunOutcome> {
  const { config, until, logger, redact } = job;
  refuseOwnGroup(config);
  const [startedAt, cpuBefore] = [new Date(), usage().cpuMicroseconds];
  const ofConfig = inArea(logger, 'config');
  const expiry = new ExpiryWatch({ logger: ofConfig, clock: realClock, now: () => new Date() });
  const schemas = new SchemaWarnings(ofConfig);
  const receipt = job.receipt === undefined ? undefined : await RunReceipt.begin(job.receipt, job);
  const telemetry = await startTelemetry(config, logger);
  const throttle = new LagThrottle({
    logger: inArea(logger, 'jobs'),
    clock: realClock,
    readRecords: () => runner.status().records.consumed,
  });
  const inForce = (next: ResolvedConfig): void => {
    expiry.watch(next);
    schemas.watch(next);
    receipt?.inForce(next);
    throttle.use(watchingOf(next, logger));
  };
  const { runner, watch } = await makeRunner(job, { inForce, throttle, receipt, telemetry });
  const view: RunView = {
    startedAt,
    status: () => runner.status(),
    standing: () => runner.standing(),
    usage: () => usageSince(cpuBefore),
    bytesOut: () => runner.bytesOut(),
    clients: () => runner.clients(),
    reloads: () => runner.reloadStatus,
    redact,
    certificates: () => expiry.expiries(),
    config: () => job.shown?.(runner.config),
    trace: (place) => runner.trace(place),
  };
  job.observe?.(() => viewSnapshot(config.name, view));
  const events = new RunEvents({
    name: config.name,
    view,
    run: whatIsRun(config, until),
    clock: realClock,
    ...(job.events ?? { sinks: [], intervalMs: 0 }),
  });
  const { report, flushed } = await attended(job, {
    runner,
    watch,
    expiry,
    throttle,
    telemetry,
    inForce,
    view,
    events,
  });
  const ended = summarize(report, {
    name: config.name,
    startedAt,
    at: new Date(),
    bytesOut: runner.bytesOut(),
    usage: usageSince(cpuBefore),
    redact,
    reloads: runner.reloadStatus.count,
    stoppedBeforeEnd: until === 'end' && !report.endReached && report.error === undefined,
  });
  const summary = (await job.conclude?.(ended)) ?? ended;
  await receipt?.ended({ state: summary.state, exitCode: summary.exitCode, report });
  // The last: a reader of events may keep it waiting.
  await events.finish(summary);
  return { summary, exitNow: report.hung || !flushed ? () => exitNow(summary.exitCode) : undefined };
}

interface Attended {
  readonly runner: Runner;
  readonly watch: FileWatch | undefined;
  readonly expiry: ExpiryWatch;
  readonly throttle: LagThrottle;
  readonly telemetry: Telemetry | undefined;
  /** Watches what the configuration in use names: certificates, schemas, groups. */
  readonly inForce: (config: ResolvedConfig) => void;
  readonly view: RunView;
  readonly events: RunEvents;
}

/** Runs the job with signals, endpoints, watches and display, and removes them all afterwards. */
async function attended(job: RunJob, parts: Attended): Promise<Observed> {
  const { runner, watch, expiry, throttle, telemetry, inForce, view, events } = parts;
  const { config, until, logger, display, onTerminal, loadAgain } = job;
  const reloadable = loadAgain !== undefined;
  const removeSignals = listenToSignals(runner, { logger, display, onTerminal, reloadable });
  const { service } = job;
  const served = { name: config.name, status: () => runner.status() };
  try {
    const health = await startEndpoints(config, view, logger);
    service?.add(served);
    display?.start(() => runner.status());
    events.start();
    inArea(logger, 'run').info('running', whatIsRun(config, until));
    inForce(config);
    watch?.start();
    const { metrics } = answersOf({ name: config.name, group: config.consumer.groupId }, view);
    const ended = await observed(telemetry, metrics, () => runner.run());
    watch?.stop();
    expiry.stop();
    display?.stop();
    await Promise.all([health?.close(), throttle.close()]);
    return ended;
  } finally {
    events.stop();
    service?.remove(served);
    removeSignals();
  }
}

interface RunnerParts extends Pick<Attended, 'inForce' | 'throttle' | 'telemetry'> {
  readonly receipt: RunReceipt | undefined;
}

async function makeRunner(
  { config, until, bounds, digests, logger, loadAgain }: RunJob,
  { inForce, throttle, receipt, telemetry }: RunnerParts,
): Promise<{ readonly runner: Runner; readonly watch: FileWatch | undefined }> {
  const { reloadTimeoutMs, reloadIntervalMs } = config.dispatcher;
  const revisions =
    loadAgain === undefined
      ? undefined
      : new JobRevisions({
          config,
          loadAgain,
          logger: inArea(logger, 'reload'),
          ...(digests === undefined ? {} : { digests }),
          setLogLevels: (levels) => logger.setLevels(levels),
        });
  const runner: Runner = new LegRunner({
    first: (await revisions?.first()) ?? { config, fingerprint: '' },
    compose: (next, carried) =>
      compose({
        config: revisions?.bound(next) ?? next,
        until,
        bounds,
        logger,
        throttle,
        carried,
        receipts: receipt?.book,
        telemetry,
      }),
    source: revisions,
    reloadTimeoutMs,
    logger: inArea(logger, 'reload'),
    clock: realClock,
    reloaded: inForce,
  });
  if (revisions === undefined || reloadIntervalMs === 0) return { runner, watch: undefined };
  const once = await revisions.readOnceOnly();
  if (once !== undefined) {
    inArea(logger, 'reload').info(
      "the configuration can't be reloaded: a part of it is a pipe or a device, which can be read only once",
      { file: once },
    );
    return { runner, watch: undefined };
  }
  const files = (): readonly string[] => revisions.watchedFiles(runner.config);
  const watch = new FileWatch({
    clock: realClock,
    intervalMs: reloadIntervalMs,
    files,
    look: digestOf,
    changed: () => runner.reload('files'),
  });
  return { runner, watch };
}

interface Listening {
  readonly logger: ClosableLogger;
  readonly display: RunDisplay | undefined;
  readonly onTerminal: boolean;
  readonly reloadable: boolean;
}

/**
 * SIGTERM and SIGINT drain, a second one forces the end; SIGHUP reloads. Returns a function that stops
 * listening.
 */
function listenToSignals(runner: Runner, { logger, display, onTerminal, reloadable }: Listening): () => void {
  let stops = 0;
  const stop = (signal: string): void => {
    display?.clear();
    stops += 1;
    if (stops > 1) {
      runner.cutNow();
      return;
    }
    const { drainTimeoutMs } = runner.config.dispatcher;
    inArea(logger, 'run').info(
      'stopping: draining records in flight; a second signal stops without draining',
      {
        signal,
        drainTimeoutMs,
      },
    );
    runner.stop();
  };
  const removeStops = onStopSignals((_count, signal) => stop(signal));
  if (!reloadable) return removeStops;
  const removeReload = onReloadSignal(onTerminal, (terminalGone) => {
    if (terminalGone) stop('SIGHUP');
    else runner.reload('signal');
  });
  return () => {
    removeStops();
    removeReload();
  };
}
