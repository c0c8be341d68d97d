/** Runs the main job and tells how it goes: logs, progress, endpoints, signals, summary. */
import type { HealthServer } from '../adapters/http/server.js';
import { type ClosableLogger, createLogger } from '../adapters/logging/winston-logger.js';
import { compose } from '../app/compose.js';
import { startEndpoints } from '../app/endpoints.js';
import { onReloadSignal, onStopSignals, type Usage, usage } from '../app/process-control.js';
import { JobRevisions } from '../app/reload/configuration.js';
import { ExpiryWatch } from '../app/reload/expiry.js';
import { digestOf } from '../app/reload/file-digest.js';
import { FileWatch } from '../app/reload/file-watch.js';
import { LegRunner } from '../app/reload/leg-runner.js';
import { cleanMetrics, renderSummary, type Summary, summarize } from '../app/summary.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Loaded } from '../config/load.js';
import type { ExitCode } from '../core/errors.js';
import type { RunReport } from '../dispatcher/dispatcher.js';
import { loadNative } from '../kafka/native.js';
import type { Clock } from '../ports/clock.js';
import { type CliIo, type GlobalOptions, useColors } from './io.js';
import { Progress } from './terminal/progress.js';

const LOG_FLUSH_MS = 2000;

export interface RunJobOptions {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  readonly options: GlobalOptions;
  /** Loads the configuration again; undefined: it stays as it is, whatever happens. */
  readonly loadAgain?: () => Loaded;
  /** Between two lines of progress where there is no terminal. */
  readonly progressIntervalMs?: number;
  /** Called when the run is over, before the summary is printed; what it throws is the caller's. */
  readonly beforeSummary?: () => Promise<void>;
  /** Takes secrets out of log lines. */
  readonly redact?: (text: string) => string;
}

type Runner = LegRunner<ResolvedConfig>;

/** Resolves with the summary, printed; the exit code is set. */
export async function runJob(job: RunJobOptions, io: CliIo): Promise<Summary> {
  const { config, until, options } = job;
  const startedAt = new Date();
  const cpuBefore = usage().cpuMicroseconds;
  const logger = createLogger({
    level: options.verbose === true ? 'debug' : config.logging.level,
    format: config.logging.format,
    stream: io.stderr,
    colors: useColors(io.stderr, io.env),
    ...(job.redact === undefined ? {} : { redact: job.redact }),
  });
  const expiry = new ExpiryWatch({ logger, clock: realClock, now: () => new Date() });
  const { runner, watch } = await makeRunner(job, logger, expiry);
  const progress =
    options.quiet === true
      ? undefined
      : new Progress(io.stderr, () => runner.status(), job.progressIntervalMs);
  const removeSignals = listenToSignals(runner, {
    logger,
    progress,
    io,
    reloadable: job.loadAgain !== undefined,
  });
  const view = {
    startedAt,
    status: () => runner.status(),
    standing: () => runner.standing(),
    usage: () => usageSince(cpuBefore),
    bytesOut: () => runner.bytesOut(),
    reloads: () => runner.reloadStatus,
    redact: job.redact ?? ((text: string) => text),
    certificates: () => expiry.expiries(),
  };
  let health: HealthServer | undefined;
  try {
    health = await startEndpoints(config, view, logger);
  } catch (error) {
    removeSignals();
    throw error;
  }
  progress?.start();
  logger.info('running', whatIsRun(config, until));
  expiry.watch(config);
  watch?.start();
  const report = await runner.run();
  watch?.stop();
  expiry.stop();
  progress?.stop();
  removeSignals();
  await health?.close();
  const stoppedBeforeEnd = until === 'end' && !report.endReached && report.error === undefined;
  const summary = clean(
    summarize(config.name, report, times(startedAt, cpuBefore, report, runner), stoppedBeforeEnd),
    job.redact,
  );
  await logger.close(LOG_FLUSH_MS);
  await job.beforeSummary?.();
  await print(summary, options, io);
  io.setExitCode(summary.exitCode as ExitCode);
  if (report.hung) loadNative().exitNow(summary.exitCode);
  return summary;
}

async function makeRunner(
  { config, until, options, loadAgain }: RunJobOptions,
  logger: ClosableLogger,
  expiry: ExpiryWatch,
): Promise<{ readonly runner: Runner; readonly watch: FileWatch | undefined }> {
  const { reloadTimeoutMs, reloadIntervalMs } = config.dispatcher;
  const revisions =
    loadAgain === undefined
      ? undefined
      : new JobRevisions({
          config,
          loadAgain,
          logger,
          setLogLevel: (level) => (options.verbose === true ? undefined : logger.setLevel(level)),
        });
  const runner: Runner = new LegRunner({
    first: (await revisions?.first()) ?? { config, fingerprint: '' },
    compose: (next, carried) => compose({ config: revisions?.bound(next) ?? next, until, logger, carried }),
    source: revisions,
    reloadTimeoutMs,
    logger,
    clock: realClock,
    reloaded: (next) => expiry.watch(next),
  });
  if (revisions === undefined || reloadIntervalMs === 0) return { runner, watch: undefined };
  const once = await revisions.readOnceOnly();
  if (once !== undefined) {
    logger.info(
      'the configuration stays as it is: a part of it is a pipe or a device, which is read only once',
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
  readonly progress: Progress | undefined;
  readonly io: CliIo;
  readonly reloadable: boolean;
}

/** SIGTERM and SIGINT drain, a second one cuts short; SIGHUP reloads. Returns what ends listening. */
function listenToSignals(runner: Runner, { logger, progress, io, reloadable }: Listening): () => void {
  let stops = 0;
  const stop = (signal: string): void => {
    progress?.clear();
    stops += 1;
    if (stops > 1) {
      runner.cutNow();
      return;
    }
    const { drainTimeoutMs } = runner.config.dispatcher;
    logger.info('stopping: draining what is in flight; a second signal cuts it short', {
      signal,
      drainTimeoutMs,
    });
    runner.stop();
  };
  const removeStops = onStopSignals((_count, signal) => stop(signal));
  if (!reloadable) return removeStops;
  const removeReload = onReloadSignal(io.stderr.isTTY === true, (terminalGone) => {
    if (terminalGone) stop('SIGHUP');
    else runner.reload('signal');
  });
  return () => {
    removeStops();
    removeReload();
  };
}

/** The resolved job in one line: what a reader of the log must know to follow the rest. */
function whatIsRun(
  { name, consumer, producer, dispatcher: job }: ResolvedConfig,
  until: 'end' | 'forever',
): Readonly<Record<string, unknown>> {
  const { topics } = consumer;
  return {
    name,
    topics: 'names' in topics ? topics.names.join(' ') : `/${topics.pattern}/`,
    group: consumer.groupId,
    output: producer.topic,
    ...(job.deadLetterTopic === undefined ? {} : { deadLetter: job.deadLetterTopic }),
    transform: job.transform ?? 'none (pass-through)',
    formats: `${job.input.format} → ${job.output.format}`,
    threads: job.threads,
    ordering: job.ordering,
    inFlightBytesMax: job.inFlight.bytesMax,
    until,
  };
}

/** What others said may quote a secret. */
function clean(summary: Summary, redact = (text: string): string => text): Summary {
  const { message, remedy } = summary.reason;
  const metrics = cleanMetrics(summary.metrics, redact);
  return {
    ...summary,
    metrics,
    reason: { ...summary.reason, message: redact(message), remedy: remedy === null ? null : redact(remedy) },
  };
}

/** Of this run: the process did other things before. */
function usageSince(cpuBefore: number): Usage {
  const { cpuMicroseconds, rssPeakBytes } = usage();
  return { cpuMicroseconds: cpuMicroseconds - cpuBefore, rssPeakBytes };
}

function times(
  startedAt: Date,
  cpuBefore: number,
  report: RunReport,
  runner: Runner,
): Parameters<typeof summarize>[2] {
  return {
    ...usageSince(cpuBefore),
    startedAt,
    endedAt: new Date(),
    activeSeconds: report.activeMs / 1000,
    bytesOut: runner.bytesOut(),
    reloads: runner.reloadStatus.count,
  };
}

const realClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

function print(summary: Summary, options: GlobalOptions, io: CliIo): Promise<void> {
  const text = options.output === 'json' ? `${JSON.stringify(summary)}\n` : renderSummary(summary);
  return new Promise((resolve) => {
    io.stdout.write(text, () => resolve());
  });
}
