/** The logger of a verb: writes to stderr, so that stdout contains only results. */
import { fstatSync } from 'node:fs';
import { type ClosableLogger, createLogger } from '../app/compose/logging.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import { type CliIo, type GlobalOptions, useColors } from './io.js';
import { levelsFor } from './options.js';

export function createCliLogger(
  config: ResolvedConfig['logging'],
  options: GlobalOptions,
  io: CliIo,
): ClosableLogger {
  return createLogger({
    levels: levelsFor(config.level, options),
    format: config.format,
    stream: io.stderr,
    colors: useColors(io.stderr, io.env),
    toJournal: isJournal(io),
    ...(io.secrets === undefined ? {} : { redact: io.secrets.redact }),
  });
}

/** systemd names the device and inode of its stream; a redirection further on has others. */
function isJournal({ stderr, env }: CliIo): boolean {
  const stream = env['JOURNAL_STREAM'];
  const { fd } = stderr as { readonly fd?: unknown };
  if (stream === undefined || typeof fd !== 'number') return false;
  const { dev, ino } = fstatSync(fd);
  return stream === `${dev}:${ino}`;
}
