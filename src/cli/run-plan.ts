/** `kd run --plan`: says what the run would read and write. */
import { planRun } from '../app/plan/plan-run.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import { DispatcherError } from '../core/errors.js';
import { type CliIo, type GlobalOptions, printJson } from './io.js';
import { createCliLogger } from './log.js';
import type { RangeOptions } from './run-options.js';
import { describePlaced } from './terminal/placed-ranges.js';
import { planText } from './terminal/plan-report.js';

const LOG_FLUSH_MS = 1_000;

export async function printPlan(
  config: ResolvedConfig,
  options: GlobalOptions & RangeOptions,
  io: CliIo,
): Promise<void> {
  if (options.output === 'jsonl')
    throw new DispatcherError('USAGE', '-o jsonl prints the events of a run, and a plan has none', {
      remedy: 'use -o json',
    });
  const { job, from, partitions, again = false } = options;
  const until = options.until === 'forever' ? undefined : options.until;
  const logger = createCliLogger({ ...config.logging, level: { root: 'warn' } }, options, io);
  try {
    const plan = await planRun({
      config,
      request: { job, from, until, partitions, again },
      logger,
      placed: ({ ranges, appendTimeTopics }) => {
        if (options.quiet === true) return;
        // Where a run of the group itself begins was not chosen here.
        const isChosen = from !== undefined || job !== undefined;
        const shown = ranges.map((one) => (isChosen ? one : { from: undefined, until: one.until }));
        const asked = { from: from?.position, until: until?.position, appendTimeTopics };
        for (const line of describePlaced(shown, asked)) io.stderr.write(`${line}\n`);
      },
    });
    if (options.output === 'json') printJson(io, plan);
    else io.stdout.write(planText(plan, { width: io.stdout.columns }));
  } finally {
    await logger.close(LOG_FLUSH_MS);
  }
}
