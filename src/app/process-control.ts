/** The process around a run: signals, resource usage, and a forced exit. */
import { closeSync, openSync } from 'node:fs';

/** SIGUSR2: by default it kills, and some supervisors restart a process by it. */
const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGUSR2'];

type StopListener = (signal: string) => void;

/** Signals that arrived before a handler was ready; undefined when none are held. */
let held: { readonly stops: string[]; readonly release: () => void } | undefined;
let reloadWasWanted = false;

/**
 * From now on signals are held for onStopSignals and onReloadSignal, so that a run is not killed while it is
 * still being read and composed. A second signal is not held: `exit` ends the process.
 */
export function holdSignals(onTerminal: boolean, exit: () => void): void {
  if (held !== undefined) return;
  const stops: string[] = [];
  const stop = (signal: string): void => {
    if (stops.push(signal) > 1) exit();
  };
  const reload = (): void => {
    if (onTerminal && !hasTerminal()) stop('SIGHUP');
    else reloadWasWanted = true;
  };
  const removeStops = listen(STOP_SIGNALS, stop);
  const removeReload = listen(['SIGHUP'], reload);
  held = {
    stops,
    release: () => {
      removeStops();
      removeReload();
    },
  };
}

function listen(signals: readonly NodeJS.Signals[], listener: StopListener): () => void {
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

/**
 * Calls back with 1 for the first stop signal, 2 for the second …, and at once for signals that were held.
 * Returns a function that removes the handlers.
 */
export function onStopSignals(handle: (count: number, signal: string) => void): () => void {
  let count = 0;
  const listener = (signal: string): void => handle(++count, signal);
  const remove = listen(STOP_SIGNALS, listener);
  const before = held;
  held = undefined;
  before?.release();
  before?.stops.forEach(listener);
  return remove;
}

/**
 * Calls back at SIGHUP. On a terminal it usually means that the terminal was closed (`terminalGone`), so it
 * is not a request to reload. Returns a function that removes the handler.
 */
export function onReloadSignal(onTerminal: boolean, handle: (terminalGone: boolean) => void): () => void {
  const listener = (): void => handle(onTerminal && !hasTerminal());
  const remove = listen(['SIGHUP'], listener);
  if (reloadWasWanted) handle(false);
  reloadWasWanted = false;
  return remove;
}

/** Runs however the process ends, short of SIGKILL. Returns a function that removes it. */
export function atExit(handle: () => void): () => void {
  process.once('exit', handle);
  return () => process.off('exit', handle);
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

export interface Usage {
  /** User and system time of all threads. */
  readonly cpuMicroseconds: number;
  readonly rssPeakBytes: number;
}

function usage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMicroseconds: userCPUTime + systemCPUTime, rssPeakBytes: maxRSS * 1024 };
}

/** CPU time from now on only: the process did other things before. */
export function usageSince(): () => Usage {
  const before = usage().cpuMicroseconds;
  return () => {
    const { cpuMicroseconds, rssPeakBytes } = usage();
    return { cpuMicroseconds: cpuMicroseconds - before, rssPeakBytes };
  };
}
