/** `kd run --plan`: says what the run would read and write. */
import { FROM_DEFAULT, UNTIL_DEFAULT } from '../app/jobs/request.js';
import { planRun } from '../app/plan/plan-run.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
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
  const { job, partitions } = options;
  const isJob = job !== undefined;
  const from = options.from?.position ?? (isJob ? FROM_DEFAULT.position : { kind: 'committed' as const });
  const asked = options.until === undefined || options.until === 'forever' ? UNTIL_DEFAULT : options.until;
  const until = asked.position;
  const logger = createCliLogger({ ...config.logging, level: 'warn' }, options, io);
  try {
    const plan = await planRun({
      config,
      from,
      until,
      partitions,
      isJob,
      logger,
      placed: ({ ranges, appendTimeTopics }) => {
        if (options.quiet === true) return;
        for (const line of describePlaced(ranges, { from, until, appendTimeTopics }))
          io.stderr.write(`${line}\n`);
      },
    });
    if (options.output === 'json') printJson(io, plan);
    else io.stdout.write(planText(plan, { width: io.stdout.columns }));
  } finally {
    await logger.close(LOG_FLUSH_MS);
  }
}
