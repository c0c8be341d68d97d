/** The logger of a verb: on stderr, so that results on stdout stay clean. */

import { type ClosableLogger, createLogger } from '../adapters/logging/winston-logger.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import { type CliIo, type GlobalOptions, useColors } from './io.js';
import { levelFor } from './options.js';

export function createCliLogger(
  config: ResolvedConfig['logging'],
  options: GlobalOptions,
  io: CliIo,
): ClosableLogger {
  return createLogger({
    level: levelFor(config.level, options),
    format: config.format,
    stream: io.stderr,
    colors: useColors(io.stderr, io.env),
    ...(io.secrets === undefined ? {} : { redact: io.secrets.redact }),
  });
}
