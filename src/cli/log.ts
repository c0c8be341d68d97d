/** The logger of a verb: on stderr, so that results on stdout stay clean. */
import type { ResolvedConfig } from '../config/resolved.js';
import { type ClosableLogger, createLogger } from '../logging/winston-logger.js';
import { type CliIo, type GlobalOptions, useColors } from './io.js';

/** `-v` wins over the configured level, `-q` leaves warnings and errors. */
export function createCliLogger(
  config: ResolvedConfig['logging'],
  options: GlobalOptions,
  io: CliIo,
  redact?: (text: string) => string,
): ClosableLogger {
  const level = options.verbose === true ? 'debug' : options.quiet === true ? 'warn' : config.level;
  return createLogger({
    level,
    format: config.format,
    stream: io.stderr,
    colors: useColors(io.stderr, io.env),
    ...(redact === undefined ? {} : { redact }),
  });
}
