/** What a run asks of the process it is in: signals, usage, and the last resort. */
import { closeSync, openSync } from 'node:fs';

/** Calls back with 1 for the first SIGTERM or SIGINT, 2 for the second …; returns what takes the handlers away. */
export function onStopSignals(handle: (count: number, signal: string) => void): () => void {
  let count = 0;
  const listener = (signal: string): void => handle(++count, signal);
  process.on('SIGTERM', listener);
  process.on('SIGINT', listener);
  return () => {
    process.off('SIGTERM', listener);
    process.off('SIGINT', listener);
  };
}

/**
 * Calls back at SIGHUP. On a terminal it most often means that the terminal was closed (`terminalGone`): then nobody asks for a reload.
 * Returns what takes the handler away.
 */
export function onReloadSignal(onTerminal: boolean, handle: (terminalGone: boolean) => void): () => void {
  const listener = (): void => handle(onTerminal && !hasTerminal());
  process.on('SIGHUP', listener);
  return () => {
    process.off('SIGHUP', listener);
  };
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

export function usage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMicroseconds: userCPUTime + systemCPUTime, rssPeakBytes: maxRSS * 1024 };
}
