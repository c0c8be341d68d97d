/** A run on the command line: log and progress on stderr, the summary on stdout, the exit code. */
import { resolve } from 'node:path';
import type { RunDisplay } from '../app/attended.js';
import { type ClosableLogger, isJson, recordsOnly } from '../app/compose/logging.js';
import { serviceNotices } from '../app/compose/service.js';
import { openEventFile } from '../app/progress/event-file.js';
import { type EventSink, writeFinished } from '../app/progress/events.js';
import { type RunJob, runJob as run } from '../app/run.js';
import type { ServiceNotices } from '../app/service/notices.js';
import { ConfigBook } from '../app/shown-config.js';
import type { Redact } from '../app/status.js';
import type { Summary } from '../app/summary.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Loaded } from '../config/load.js';
import type { ExitCode } from '../core/errors.js';
import { inArea } from '../ports/logger.js';
import type { CliIo, GlobalOptions } from './io.js';
import { createCliLogger } from './log.js';
import { eventLines } from './terminal/event-lines.js';
import { Progress } from './terminal/progress.js';
import { ProgressRecords } from './terminal/progress-records.js';
import { renderSummary } from './terminal/summary-text.js';

const LOG_FLUSH_MS = 2000;
const EVENTS_INTERVAL_MS = 10_000;

export interface TerminalRun {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  /** The partitions and ends of a bounded run that does not read to the ends seen at its start. */
  readonly bounds?: RunJob['bounds'];
  readonly options: GlobalOptions;
  /** The file for the run's receipt. */
  readonly receipt?: string | undefined;
  /** How the configuration came about, for `/config`. */
  readonly loaded: Pick<Loaded, 'details'>;
  /** Loads the configuration again; undefined if it never changes. */
  readonly loadAgain?: () => Loaded;
  /** Time between two progress lines without a terminal. */
  readonly progressIntervalMs?: number;
  /** Events are appended to it. */
  readonly progressFile?: string;
  /** Called when the run is over, before the summary is printed; errors it throws go to the caller. */
  readonly beforeSummary?: () => Promise<void>;
  /** What a job adds to its runs. */
  readonly job?: Pick<RunJob, 'conclude' | 'digests' | 'observe'>;
}

/** What a run on the command line has around it. */
export interface Around {
  readonly logger: ClosableLogger;
  readonly onTerminal: boolean;
  readonly redact: Redact;
  readonly service: ServiceNotices | undefined;
  readonly display?: RunDisplay;
  readonly events: NonNullable<RunJob['events']>;
}

type AroundParts = Pick<TerminalRun, 'options' | 'progressFile' | 'progressIntervalMs'> & {
  readonly logging: ResolvedConfig['logging'];
};

export async function aroundRun({ logging, ...job }: AroundParts, io: CliIo): Promise<Around> {
  const logger = createCliLogger(logging, job.options, io);
  const json = isJson({ format: logging.format, stream: io.stderr });
  if (json) recordsOnly(io.stderr, io.secrets?.redact);
  const shown = (): RunDisplay =>
    json ? new ProgressRecords(inArea(logger, 'run')) : new Progress(io.stderr, job.progressIntervalMs);
  const redact = io.secrets?.redact ?? ((text: string) => text);
  return {
    logger,
    onTerminal: io.stderr.isTTY === true,
    redact,
    service: serviceNotices({ env: io.env, logger, redact }),
    ...(job.options.quiet === true ? {} : { display: shown() }),
    events: {
      sinks: await eventSinks(job, io, logger),
      intervalMs: job.progressIntervalMs ?? EVENTS_INTERVAL_MS,
    },
  };
}

/** Closes the log at the end, however it ended. */
export async function loggedToTheEnd<Result>(
  { logger }: Around,
  run: () => Promise<Result>,
): Promise<Result> {
  return run().finally(() => logger.close(LOG_FLUSH_MS));
}

/** Resolves with the printed summary; the exit code is set. */
export async function runOnTerminal(job: TerminalRun, io: CliIo): Promise<Summary> {
  const { config, until, options } = job;
  const around = await aroundRun({ ...job, logging: config.logging }, io);
  const { summary, exitNow } = await loggedToTheEnd(around, () =>
    run({
      config,
      until,
      ...(job.bounds === undefined ? {} : { bounds: job.bounds }),
      ...job.job,
      receipt: job.receipt,
      ...configOf(job, around.redact),
      ...around,
    }),
  );
  await job.beforeSummary?.();
  // First: a reader that has closed the pipe ends the process while the summary is printed.
  io.setExitCode(summary.exitCode as ExitCode);
  await printSummary(summary, options, io);
  around.service?.close();
  exitNow?.();
  return summary;
}

/** How to load it again, and what `/config` shows of it. */
function configOf(
  { config, loaded, loadAgain }: TerminalRun,
  redact: RunJob['redact'],
): Pick<RunJob, 'shown' | 'loadAgain'> {
  const book = new ConfigBook();
  const noted = (next: Loaded): Loaded => {
    book.note(next.config, next);
    return next;
  };
  book.note(config, loaded);
  return {
    shown: (inUse) => book.shown(inUse, redact),
    ...(loadAgain === undefined ? {} : { loadAgain: () => noted(loadAgain()) }),
  };
}

async function eventSinks(
  { progressFile, options }: Pick<TerminalRun, 'options' | 'progressFile'>,
  io: CliIo,
  logger: ClosableLogger,
): Promise<readonly EventSink[]> {
  return [
    ...(options.output === 'jsonl' ? [eventLines(io.stdout, logger)] : []),
    ...(progressFile === undefined
      ? []
      : [await openEventFile({ path: resolve(io.workingDirectory, progressFile), logger })]),
  ];
}

/** The report of a job that was already finished: it does not run. */
export async function printDone(
  summary: Summary,
  job: Pick<TerminalRun, 'options' | 'progressFile'>,
  io: CliIo,
  logger: ClosableLogger,
): Promise<void> {
  await writeFinished(await eventSinks(job, io, logger), summary);
  io.setExitCode(summary.exitCode as ExitCode);
  await printSummary(summary, job.options, io);
}

/** With `-o jsonl` it has been printed: it is the last event. */
function printSummary(summary: Summary, { output }: GlobalOptions, io: CliIo): Promise<void> {
  if (output === 'jsonl') return Promise.resolve();
  const text = output === 'json' ? `${JSON.stringify(summary)}\n` : renderSummary(summary);
  return new Promise((resolve) => {
    io.stdout.write(text, () => resolve());
  });
}
