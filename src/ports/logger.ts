import type { LogArea } from '../core/log/areas.js';

type Fields = Readonly<Record<string, unknown>>;

/** Operational events only, never one per record. */
export interface Logger {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  /** The same log, for the lines of one area; see {@link inArea}. */
  readonly in?: (area: LogArea) => Logger;
}

export type LogMethod = 'error' | 'warn' | 'info' | 'debug';

/** A logger for the lines of one area. One that knows no areas takes them as they are. */
export function inArea(logger: Logger, area: LogArea): Logger {
  return logger.in?.(area) ?? logger;
}

/** A logger whose four level methods call one function. */
export abstract class LeveledLogger implements Logger {
  error(message: string, fields?: Fields): void {
    this.log('error', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.log('warn', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.log('info', message, fields);
  }

  debug(message: string, fields?: Fields): void {
    this.log('debug', message, fields);
  }

  protected abstract log(level: LogMethod, message: string, fields: Fields | undefined): void;
}
