import type { LogMethod } from '../ports/logger.js';
import type { RunState } from './run-state.js';

/**
 * What follows from an outage (partitions are lost, commits fail) is a line of its own only while the reason
 * is not known: once the outage is in the log, more lines would hide it.
 */
export function levelInOutage({ deps }: RunState, level: LogMethod = 'warn'): LogMethod {
  return (deps.source.trouble?.() ?? deps.sink.trouble?.()) === undefined ? level : 'debug';
}
