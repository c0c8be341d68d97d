/** Runs the main job and tells how it goes: logs, progress, endpoints, signals, summary. */
import { type HealthServer, startHealthServer } from '../adapters/http/server.js';
import { type Composition, compose } from '../compose.js';
import type { ResolvedConfig } from '../config/resolved.js';
import type { ExitCode } from '../core/errors.js';
import type { RunReport } from '../dispatcher/dispatcher.js';
import { type ClosableLogger, createLogger } from '../logging/winston-logger.js';
import { killSelf, onStopSignals, usage } from '../process-control.js';
import { version } from '../version.js';
import { type CliIo, type GlobalOptions, useColors } from './io.js';
import { Progress } from './progress.js';
import { renderSummary, type Summary, summarize } from './summary.js';

const LOG_FLUSH_MS = 2000;

export interface RunJobOptions {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  readonly options: GlobalOptions;
  /** Called when the run is over, before the summary is printed; what it throws is the caller's. */
  readonly beforeSummary?: () => Promise<void>;
  /** Takes secrets out of log lines. */
  readonly redact?: (text: string) => string;
}

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
  const composition = compose({ config, until, logger });
  const { dispatcher } = composition;
  const progress = options.quiet === true ? undefined : new Progress(io.stderr, () => dispatcher.status());
  const removeSignals = onStopSignals((count, signal) => {
    progress?.clear();
    if (count === 1) {
      logger.info('stopping: draining what is in flight; a second signal cuts it short', {
        signal,
        drainTimeoutMs: config.dispatcher.drainTimeoutMs,
      });
      dispatcher.stop();
    } else {
      dispatcher.cutNow();
    }
  });
  const health = await startEndpoints(config, composition, startedAt, logger);
  progress?.start();
  logger.info('running', whatIsRun(config, until));
  const report = await dispatcher.run();
  progress?.stop();
  removeSignals();
  await health?.close();
  const stoppedBeforeEnd = until === 'end' && !report.endReached && report.error === undefined;
  const summary = summarize(config.name, report, times(startedAt, cpuBefore, report, composition), stoppedBeforeEnd);
  await logger.close(LOG_FLUSH_MS);
  await job.beforeSummary?.();
  await print(summary, options, io);
  io.setExitCode(summary.exitCode as ExitCode);
  if (report.hung) killSelf();
  return summary;
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

function times(startedAt: Date, cpuBefore: number, report: RunReport, composition: Composition): Parameters<typeof summarize>[2] {
  const { cpuMicroseconds, rssPeakBytes } = usage();
  return {
    startedAt,
    endedAt: new Date(),
    activeSeconds: report.activeMs / 1000,
    cpuMicroseconds: cpuMicroseconds - cpuBefore,
    rssPeakBytes,
    bytesOut: composition.bytesOut(),
  };
}

async function startEndpoints(
  config: ResolvedConfig,
  { dispatcher }: Composition,
  startedAt: Date,
  logger: ClosableLogger,
): Promise<HealthServer | undefined> {
  if (config.server === undefined) return undefined;
  const { port, address } = config.server;
  const server = await startHealthServer(port, address, {
    notReady: () => {
      const status = dispatcher.status();
      if (status.stalled !== undefined) return status.stalled;
      if (status.state !== 'running') return `the run is ${status.state}`;
      return status.assignedOnce ? null : 'no partitions assigned yet';
    },
    status: () => {
      const { records, ...rest } = dispatcher.status();
      const { filteredBy, deadLetteredBy, bytesIn, bytesOut, ...counts } = records;
      return {
        schema: 1,
        name: config.name,
        version,
        startedAt: startedAt.toISOString(),
        ...rest,
        records: counts,
        filteredBy,
        deadLetteredBy,
        bytes: { in: bytesIn, out: bytesOut },
      };
    },
  });
  logger.info('endpoints', { url: `http://${address}:${server.port}`, paths: '/livez /readyz /status' });
  return server;
}

function print(summary: Summary, options: GlobalOptions, io: CliIo): Promise<void> {
  const text = options.output === 'json' ? `${JSON.stringify(summary)}\n` : renderSummary(summary);
  return new Promise((resolve) => {
    io.stdout.write(text, () => resolve());
  });
}
