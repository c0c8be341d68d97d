/** The ends of `kd run --until P`, found before the run begins; what they turned out to mean is printed. */
import { withAdmin } from '../app/groups/with-admin.js';
import { type PlacedEnds, placeEnds } from '../app/jobs/bounds.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Position } from '../core/positions/position.js';
import type { CliIo, GlobalOptions } from './io.js';
import { createCliLogger } from './log.js';
import { describePlaced } from './terminal/placed-ranges.js';

const LOG_FLUSH_MS = 1_000;

export async function boundsUntil(
  until: Position,
  config: ResolvedConfig,
  options: GlobalOptions,
  io: CliIo,
): Promise<PlacedEnds['bounds']> {
  const logger = createCliLogger({ ...config.logging, level: { root: 'warn' } }, options, io);
  try {
    const { bounds, ends, appendTimeTopics } = await withAdmin(config, logger, (admin) =>
      placeEnds(admin, config, until),
    );
    if (options.quiet === true) return bounds;
    const ranges = ends.map((end) => ({ from: undefined, until: end }));
    for (const line of describePlaced(ranges, { from: undefined, until, appendTimeTopics }))
      io.stderr.write(`${line}\n`);
    return bounds;
  } finally {
    await logger.close(LOG_FLUSH_MS);
  }
}
