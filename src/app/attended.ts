/** What a process adds to the pipelines it runs: signals, endpoints and a display. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { RunStatus } from '../dispatcher/report.js';
import { inArea } from '../ports/logger.js';
import { startEndpoints } from './compose/endpoints.js';
import type { ClosableLogger } from './compose/logging.js';
import type { Answers } from './endpoints.js';
import { onReloadSignal, onStopSignals } from './process-control.js';

export type { RunStatus };

/** A pipeline that runs; `name` is undefined if it is the only one. */
export interface ShownRun {
  readonly name?: string;
  readonly status: RunStatus;
}

/** Displays the progress of all pipelines. */
export interface RunDisplay {
  start(look: () => readonly ShownRun[]): void;
  /** Clears the display for a line from elsewhere. */
  clear(): void;
  stop(): void;
}

/** One pipeline, or all of them. */
export interface Attended {
  /** Drains and ends. Idempotent. */
  stop(): void;
  /** Stops waiting for the drain. */
  cutNow(): void;
  reload(cause: 'signal'): void;
  readonly drainTimeoutMs: number;
  shown(): readonly ShownRun[];
  readonly answers: Answers;
}

export interface Attendance {
  readonly server: ResolvedConfig['server'];
  readonly logger: ClosableLogger;
  readonly display?: RunDisplay | undefined;
  /** On a terminal SIGHUP usually means that it was closed. */
  readonly onTerminal: boolean;
  readonly reloadable: boolean;
}

/** Runs with signals, endpoints and display, and removes them all afterwards. */
export async function attended<Result>(
  runs: Attended,
  attendance: Attendance,
  run: () => Promise<Result>,
): Promise<Result> {
  const { server, logger, display } = attendance;
  const removeSignals = listenToSignals(runs, attendance);
  try {
    const endpoints = await startEndpoints(server, runs.answers, logger);
    display?.start(() => runs.shown());
    const result = await run();
    display?.stop();
    await endpoints?.close();
    return result;
  } finally {
    removeSignals();
  }
}

/**
 * SIGTERM and SIGINT drain, a second one forces the end; SIGHUP reloads. Returns a function that stops
 * listening.
 */
function listenToSignals(
  runs: Attended,
  { logger, display, onTerminal, reloadable }: Attendance,
): () => void {
  let stops = 0;
  const stop = (signal: string): void => {
    display?.clear();
    stops += 1;
    if (stops > 1) {
      runs.cutNow();
      return;
    }
    const { drainTimeoutMs } = runs;
    inArea(logger, 'run').info(
      'stopping: draining records in flight; a second signal stops without draining',
      { signal, drainTimeoutMs },
    );
    runs.stop();
  };
  const removeStops = onStopSignals((_count, signal) => stop(signal));
  if (!reloadable) return removeStops;
  const removeReload = onReloadSignal(onTerminal, (terminalGone) => {
    if (terminalGone) stop('SIGHUP');
    else runs.reload('signal');
  });
  return () => {
    removeStops();
    removeReload();
  };
}
