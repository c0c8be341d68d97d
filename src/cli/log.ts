/** The logger of a verb: writes to stderr, so that stdout contains only results. */

import { type ClosableLogger, createLogger } from '../app/compose/logging.js';
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
